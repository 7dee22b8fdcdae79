// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Programs that are not trusted to end, nor to be brief.
extension ChildProcess {
    /// Runs `arguments` to their end and returns what they printed, as ``run(_:)`` does, but for a limited time.
    ///
    /// What takes longer, or prints more, is killed. Nothing of it is left when this returns.
    /// - Throws: `Errno.timedOut` after `milliseconds`, `Errno.fileTooLarge` beyond `octets`, `Errno.noSuchFile` where
    ///   there is no such program.
    package static func run(_ arguments: [String], milliseconds: UInt64, octets: Int) throws(Errno) -> Ending {
        let child = try start(arguments, output: .captured)
        let text: String
        do throws(Errno) {
            text = try child.read(until: Clock.milliseconds + milliseconds, octets: octets)
        } catch {
            child.signal(SIGKILL)
            try child.wait()
            throw error
        }
        return Ending(status: try child.wait(), text: text)
    }

    private func read(until deadline: UInt64, octets: Int) throws(Errno) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let now = Clock.milliseconds
            guard now < deadline else { throw .timedOut }
            var interests = [Poll.Interest.reading(output)]
            try Poll.wait(for: &interests, timeoutMilliseconds: Int32(clamping: deadline - now))
            guard interests[0].isReady else { continue }
            let count = unsafe Glibc.read(output.rawValue, &buffer, buffer.count)
            if count < 0, Errno.current == .interrupted { continue }
            guard try posix(count) > 0 else { return String(decoding: bytes, as: UTF8.self) }
            guard bytes.count + count <= octets else { throw .fileTooLarge }
            bytes += buffer[..<count]
        }
    }
}
