// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
internal import Wire

/// Tells which files of a directory are removed, or moved away (inotify(7)), also after nothing can be opened any more.
package struct DirectoryWatch: ~Copyable, Sendable {
    package let descriptor: Descriptor

    /// Begins to watch. The corresponding C functions are `inotify_init1` and `inotify_add_watch`.
    package init(_ path: String) throws(Errno) {
        let descriptor = Descriptor(owning: try posix(inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))))
        try posix(unsafe inotify_add_watch(descriptor.rawValue, path, UInt32(IN_DELETE | IN_MOVED_FROM)))
        self.descriptor = descriptor
    }

    /// The names that have gone since this was asked last, without waiting. The corresponding C function is `read`.
    package func removed() -> Set<String> {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        var names: Set<String> = []
        while true {
            let count = unsafe read(descriptor.rawValue, &buffer, buffer.count)
            guard count > 0 else { return names }
            names.formUnion(DirectoryWatch.names(Array(buffer[..<count])))
        }
    }

    /// The names in a list of `struct inotify_event`: four numbers, the last of which says how long the name is.
    private static func names(_ events: [UInt8]) -> [String] {
        let (span, head) = (unsafe events.span.bytes, 16)
        var (names, start) = ([String](), 0)
        while start + head <= events.count {
            let end = start + head + Int(span.number32(at: start + 12))
            guard end <= events.count else { break }
            names.append(String(decoding: events[start + head..<end].prefix { $0 != 0 }, as: UTF8.self))
            start = end
        }
        return names
    }
}
