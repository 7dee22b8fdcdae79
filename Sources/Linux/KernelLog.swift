// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// What the kernel has said (`dmesg`).
package enum KernelLog {
    /// The latest lines that contain `word`, at most `count`, without time and level.
    ///
    /// Requires `CAP_SYSLOG` where `kernel.dmesg_restrict` is set, as it mostly is.
    package static func lines(containing word: String, count: Int) throws(Errno) -> [String] {
        let log = try Descriptor.open("/dev/kmsg", O_RDONLY | O_NONBLOCK)
        var lines: [String] = []
        var buffer = [UInt8](repeating: 0, count: 8_192)
        // As many records as a large ring of the kernel holds.
        for _ in 0..<100_000 {
            let size = unsafe read(log.rawValue, &buffer, buffer.count)
            if size < 0 {
                // EPIPE: what came next was overwritten meanwhile.
                if [.brokenPipe, .interrupted].contains(Errno.current) { continue }
                break
            }
            // "4,9357,49724521196,-;martian source 10.9.0.1 from 10.9.0.1, on dev iptun0", then lines about it.
            let text = String(decoding: buffer[..<size], as: UTF8.self).prefix { $0 != "\n" }
            guard let start = text.firstIndex(of: ";"), text[start...].contains(word) else { continue }
            lines.append(String(text[text.index(after: start)...]))
            if lines.count > count { lines.removeFirst() }
        }
        return lines
    }
}
