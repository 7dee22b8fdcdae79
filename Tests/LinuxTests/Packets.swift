// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Wire

/// An IPv4 packet without options, its header checksum correct.
func packet(
    _ number: IPProtocol, from source: IPv4Address, to destination: IPv4Address, ttl: UInt8 = 64, payload: [UInt8] = []
) -> [UInt8] {
    let length = 20 + payload.count
    var header: [UInt8] = [
        0x45, 0x00, UInt8(length >> 8), UInt8(length & 0xff),  // version, header length, traffic class, total length
        0x00, 0x00, 0x40, 0x00,  // identification, DF
        ttl, number.rawValue, 0x00, 0x00,  // TTL, protocol, checksum
    ]
    header += octets(of: source) + octets(of: destination)
    let sum = checksum(header)
    (header[10], header[11]) = (UInt8(sum >> 8), UInt8(sum & 0xff))
    return header + payload
}

/// An ICMP error about `offending`, quoted whole.
func icmpError(type: UInt8, code: UInt8, about offending: [UInt8]) -> [UInt8] {
    var message: [UInt8] = [type, code, 0, 0, 0, 0, 0, 0] + offending
    let sum = checksum(message)
    (message[2], message[3]) = (UInt8(sum >> 8), UInt8(sum & 0xff))
    return message
}

/// RFC 1071, the slow way.
func checksum(_ octets: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for (index, octet) in octets.enumerated() { sum += index.isMultiple(of: 2) ? UInt32(octet) << 8 : UInt32(octet) }
    while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
    return ~UInt16(sum)
}

private func octets(of address: IPv4Address) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: address.rawValue >> $0) }
}

extension PacketSlot {
    /// The packet as an array.
    var octets: [UInt8] { (0..<length).map { bytes.octet(at: $0) } }
}

extension PacketSink where Self: ~Copyable {
    /// Writes packets, all with the same outer fields, and returns what became of them.
    mutating func send(_ packets: [[UInt8]], outer: OuterFields? = nil) throws(Failure) -> [PacketSlot.Fate] {
        var batch = PacketBatch(capacity: max(packets.count, 1))
        for (index, octets) in packets.enumerated() {
            unsafe batch[index].copy(octets.span.bytes)
            batch[index].outer = outer
        }
        batch.setCount(packets.count)
        try drain(&batch)
        return batch.indices.map { batch[$0].fate }
    }
}

extension PacketSource where Self: PacketPort & ~Copyable {
    /// The next `count` IPv4 packets; fewer when they do not come within 5 seconds.
    mutating func receive(_ count: Int) throws(Failure) -> [[UInt8]] {
        var batch = PacketBatch(capacity: 8)
        var packets: [[UInt8]] = []
        while packets.count < count, isReadable(withinMilliseconds: 5_000) {
            try fill(&batch)
            packets += batch.indices.map { batch[$0].octets }.filter { $0.first.map { $0 >> 4 } == 4 }
        }
        return packets
    }

}

extension PacketPort where Self: ~Copyable {
    /// Whether there is something to read, an error included.
    func isReadable(withinMilliseconds timeout: Int32) -> Bool {
        var entry = pollfd(fd: waitable, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, timeout) == 1
    }
}
