// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
internal import Wire

/// One of the notes that come with a message from a socket: where it stands among the others (cmsg(3)).
struct ControlMessage: Equatable {
    let level: Int32
    let type: Int32
    /// Where its content stands in the buffer.
    let content: Range<Int>
    /// Where the next one starts.
    let end: Int

    /// The message that starts at `start` of `buffer`; `nil` when there is none.
    init?(in buffer: RawSpan, at start: Int) {
        let header = MemoryLayout<cmsghdr>.size
        guard buffer.byteCount - start >= header else { return nil }
        let length = buffer.number64(at: start)
        guard length >= header, length <= buffer.byteCount - start else { return nil }
        level = Int32(bitPattern: buffer.number32(at: start + 8))
        type = Int32(bitPattern: buffer.number32(at: start + 12))
        content = start + header..<start + Int(length)
        end = (content.upperBound + 7) & ~7
    }

    /// The first one of this kind in `buffer`.
    init?(_ level: Int32, _ type: Int32, in buffer: RawSpan) {
        var next = ControlMessage(in: buffer, at: 0)
        while let message = next, message.level != level || message.type != type {
            next = ControlMessage(in: buffer, at: message.end)
        }
        guard let next else { return nil }
        self = next
    }
}

/// What stands before the content of a control message that we write: `struct cmsghdr`, which as imported is no plain memory.
struct ControlHeader: BitwiseCopyable {
    /// With this header, octets.
    private let length: Int
    private let level: Int32
    private let type: Int32

    /// The header of a message of this kind, whose content has so many octets.
    init(_ level: some BinaryInteger, _ type: Int32, content octets: Int) {
        length = MemoryLayout<ControlHeader>.size + octets
        self.level = Int32(level)
        self.type = type
    }
}

extension RawSpan {
    /// A number in this machine's byte order.
    func number32(at offset: Int) -> UInt32 { uint32(at: offset).bigEndian }

    /// The same of 64 bits.
    func number64(at offset: Int) -> UInt64 {
        let halves = (UInt64(uint32(at: offset)), UInt64(uint32(at: offset + 4)))
        return (halves.0 << 32 | halves.1).bigEndian
    }
}
