// SPDX-License-Identifier: Apache-2.0

internal import Tunnel
internal import Wire

/// The packets of a tunnel as a capture file: what is outside of it and what is inside are two interfaces.
struct CaptureFile {
    private let start: UInt64
    /// Packets so far on each interface.
    private var counts: [UInt64] = [0, 0]
    /// How many losses the file speaks of already, on each interface.
    private var saidLost: [UInt64] = [0, 0]

    /// The interfaces, as numbered in the file.
    private enum Interface: Int, CaseIterable {
        case inner
        case outer
    }

    /// A file that begins at `start`, microseconds since 1970.
    init(start: UInt64) { self.start = start }

    /// What the file begins with. `system` is the kernel's name and release.
    static func beginning(tunnel: String, system: String, snapLength: Int) -> [UInt8] {
        PcapNG.sectionHeader(hardware: hardware, system: system, application: "iptund \(Program.version)")
            + PcapNG.interface(
                named: "inner", description: "inside of tunnel \(tunnel): the device", snapLength: snapLength)
            + PcapNG.interface(
                named: "outer", description: "outside of tunnel \(tunnel): the network", snapLength: snapLength)
    }

    private static var hardware: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "aarch64"
        #else
            "unknown"
        #endif
    }

    /// A packet: as it came, and if it went on also as it went. Until now the tunnel had lost `lost` records.
    mutating func blocks(_ record: PacketRecord, lost: UInt64) -> [UInt8] {
        let isOutward = record.direction == .encapsulate
        var blocks = block(record.came, on: isOutward ? .inner : .outer, record, lost)
        guard var went = record.went else { return blocks }
        if isOutward { CaptureFile.finishChecksum(of: &went.octets) }
        blocks += block(went, on: isOutward ? .outer : .inner, record, lost)
        return blocks
    }

    private mutating func block(
        _ view: PacketRecord.View, on interface: Interface, _ record: PacketRecord, _ lost: UInt64
    ) -> [UInt8] {
        let number = interface.rawValue
        defer {
            counts[number] += 1
            saidLost[number] = lost
        }
        return PcapNG.packet(
            on: number, at: record.time, view.octets, length: view.length,
            way: record.direction == .encapsulate ? .outbound : .inbound, lost: lost &- saidLost[number],
            comment: Dissector.remark(record))
    }

    /// The kernel computes the checksum of an outer header when it takes the packet.
    private static func finishChecksum(of octets: inout [UInt8]) {
        guard octets.count >= OuterHeader.length else { return }
        var checksum = Checksum()
        checksum.add(octets.octets.extracting(first: OuterHeader.length))
        octets[10] = UInt8(checksum.value >> 8)
        octets[11] = UInt8(checksum.value & 0xff)
    }

    /// What the file ends with, at `time`.
    func end(at time: UInt64, lost: UInt64) -> [UInt8] {
        Interface.allCases.flatMap { interface in
            PcapNG.statistics(
                of: interface.rawValue, from: start, to: time, received: counts[interface.rawValue] + lost, lost: lost)
        }
    }
}
