// SPDX-License-Identifier: Apache-2.0

import CLinux
import Testing
import Wire

@testable import Linux

/// Superpackets through real devices: what we cut is what the kernel would have cut.
extension TUNDeviceTests {
    private static let sender = IPv4Address(10, 1, 0, 2)
    private static let receiver = IPv4Address(10, 2, 0, 2)

    /// A TCP superpacket with ID 500 and a checksum that is still to be finished.
    private static func superpacket(flags: UInt8, payload: Int, options: [UInt8], ttl: UInt8) -> [UInt8] {
        let length = 20 + options.count + payload
        var tcp: [UInt8] = [
            0x30, 0x39, 0x00, 0x50,  // ports 12345 and 80
            0xff, 0xff, 0xff, 0xf0,  // sequence number, which wraps
            0x00, 0x00, 0x00, 0x01,  // acknowledgement
            UInt8(20 + options.count) << 2, flags, 0x10, 0x00,  // data offset, flags, window
            0x00, 0x00, 0x00, 0x00,  // checksum, urgent pointer
        ]
        let pseudoHeader = Checksum(pseudoHeaderFrom: sender, to: receiver, of: .tcp, length: length).folded
        (tcp[16], tcp[17]) = (UInt8(pseudoHeader >> 8), UInt8(pseudoHeader & 0xff))
        let body = (0..<payload).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var whole = packet(.tcp, from: sender, to: receiver, ttl: ttl, payload: tcp + options + body)
        (whole[4], whole[5], whole[10], whole[11]) = (0x01, 0xf4, 0, 0)  // ID 500
        let sum = checksum(Array(whole[..<20]))
        (whole[10], whole[11]) = (UInt8(sum >> 8), UInt8(sum & 0xff))
        return whole
    }

    /// What comes out of a device without offloads when `octets` are forwarded to it, to be cut by `size`.
    private static func cutByKernel(_ octets: [UInt8], size: Int, count: Int) throws -> [[UInt8]] {
        try inFreshNetwork {
            var inside = try TUNDevice(name: "inside")
            var outside = try TUNDevice(name: "outside")
            try checked(clinux_tun_set_offload(outside.descriptor.rawValue, 0))
            try shell("for name in inside outside; do ip link set $name addrgenmode none up; done")
            try shell("ip address add 10.1.0.1/24 dev inside; ip address add 10.2.0.1/24 dev outside")
            try shell("echo 1 > /proc/sys/net/ipv4/ip_forward")
            var batch = PacketBatch(capacity: 1)
            unsafe batch[0].copy(octets.span.bytes)
            batch[0].checksum = .partial(start: 20, offset: 16)
            batch[0].segmentSize = size
            batch.setCount(1)
            try inside.drain(&batch)
            return try outside.receive(count)
        }
    }

    /// What we make of it.
    private static func cutByUs(_ octets: [UInt8], size: Int) -> [[UInt8]] {
        guard let segmentation = Segmentation(octets.octets, size: size) else { return [] }
        return (0..<segmentation.count).map { index in
            var head = [UInt8](repeating: 0, count: segmentation.headerLength)
            var elements = head.mutableSpan
            var bytes = unsafe elements.mutableBytes
            segmentation.write(index, of: octets.octets, to: &bytes, at: 0)
            return head + octets[segmentation.body(index)]
        }
    }

    @Test(
        arguments: [0x10, 0x18, 0x19, 0x90, 0x99] as [UInt8],  // ACK, then with PSH, FIN, CWR, and all of them
        [(4000, 1000), (3001, 1000), (1449, 1448), (64_000, 1400)])
    func `segments are those that the kernel makes`(flags: UInt8, sizes: (payload: Int, size: Int)) throws {
        for options in [[], [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]] as [[UInt8]] {
            let ours = Self.cutByUs(
                Self.superpacket(flags: flags, payload: sizes.payload, options: options, ttl: 63), size: sizes.size)
            let kernels = try Self.cutByKernel(
                Self.superpacket(flags: flags, payload: sizes.payload, options: options, ttl: 64), size: sizes.size,
                count: ours.count)
            #expect(ours.count == (sizes.payload + sizes.size - 1) / sizes.size)
            let isSame = ours == kernels
            #expect(isSame, "\(options.count) octets of options")
        }
    }
}
