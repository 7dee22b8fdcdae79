// SPDX-License-Identifier: Apache-2.0

/// The classic capture file format (draft-ietf-opsawg-pcap), which every tool reads.
enum PcapFile {
    /// Packets that begin with an IP header (LINKTYPE_RAW).
    private static let linkType: UInt32 = 101

    /// The bytes of a file that holds `frames`.
    static func bytes(_ frames: [Capture.Frame]) -> [UInt8] {
        var file = words([0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 65_535, linkType])
        for frame in frames {
            let length = UInt32(frame.bytes.count)
            let (seconds, microseconds) = frame.time.quotientAndRemainder(dividingBy: 1_000_000)
            file += words([UInt32(seconds), UInt32(microseconds), length, length]) + frame.bytes
        }
        return file
    }

    /// Little-endian words: the magic number tells readers.
    private static func words(_ words: [UInt32]) -> [UInt8] {
        words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
    }
}
