// SPDX-License-Identifier: Apache-2.0

import Wire

/// What one host sends to another: packets that count up, all checksums right.
struct Flow {
    let carried: IPProtocol
    /// Where it goes to; it comes from port 12345.
    let port: UInt16
    var source = IPv4Address(10, 1, 0, 2)
    var destination = IPv4Address(10, 1, 0, 1)
    var ttl: UInt8 = 64
    private var identification: UInt16 = 0xfffe
    private var sequence: UInt32 = 0xffff_fff0

    init(_ carried: IPProtocol, port: UInt16) { (self.carried, self.port) = (carried, port) }

    /// A stream or datagrams that are forwarded from one network to another.
    static func forwarded(_ carried: IPProtocol, port: UInt16, ttl: UInt8) -> Flow {
        var flow = Flow(carried, port: port)
        (flow.destination, flow.ttl) = (IPv4Address(10, 2, 0, 2), ttl)
        return flow
    }

    /// The next packets, with payloads of these `sizes`.
    mutating func packets(_ sizes: [Int]) -> [[UInt8]] { sizes.map { packet($0) } }

    /// The next packet.
    mutating func packet(_ size: Int) -> [UInt8] {
        defer {
            identification &+= 1
            sequence &+= UInt32(size)
        }
        var whole = LinuxTests.packet(carried, from: source, to: destination, ttl: ttl, payload: transport(size))
        whole.setWord(identification, at: 4)
        whole.setWord(0, at: 10)
        whole.setWord(checksum(Array(whole[..<20])), at: 10)
        let sum = checksum(whole[12..<20] + [0, whole[9]] + word(UInt16(whole.count - 20)) + whole[20...])
        whole.setWord(sum == 0 ? 0xffff : sum, at: carried == .tcp ? 36 : 26)
        return whole
    }

    /// A segment or datagram whose checksum is still 0.
    private func transport(_ size: Int) -> [UInt8] {
        let ports: [UInt8] = [0x30, 0x39] + word(port)
        let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ Int(identification) &* 31) }
        guard carried == .tcp else { return ports + word(UInt16(8 + size)) + [0, 0] + payload }
        let numbers = word(UInt16(sequence >> 16)) + word(UInt16(sequence & 0xffff)) + [0, 0, 0, 1]
        // 32 octets with a timestamp, ACK, window.
        let rest: [UInt8] = [0x80, 0x10, 0x10, 0, 0, 0, 0, 0, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]
        return ports + numbers + rest + payload
    }

    private func word(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }
}

extension [UInt8] {
    /// Changes the two octets at `offset`, most significant first.
    fileprivate mutating func setWord(_ value: UInt16, at offset: Int) {
        (self[offset], self[offset + 1]) = (UInt8(value >> 8), UInt8(value & 0xff))
    }

    /// The same with one octet of it changed, and no checksum with it.
    func corrupted(at offset: Int) -> [UInt8] {
        var copy = self
        copy[offset] ^= 0x10
        return copy
    }
}
