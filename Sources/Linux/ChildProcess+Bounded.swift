// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

extension ChildProcess {
    /// How a program ended, and what it said where.
    package struct SeparateEnding: Sendable {
        /// What it returned, or 128 plus the signal that ended it.
        package let status: Int32
        /// What it printed to standard output.
        package let output: String
        /// What it printed to standard error.
        package let errors: String
    }

    /// Runs `arguments` to their end, but for no longer than so many milliseconds, and reads no more than so many octets of
    /// what they print.
    ///
    /// - Throws: `Errno.timedOut` or `Errno.fileTooLarge`; the program has been killed then.
    package static func run(
        _ arguments: [String], milliseconds: UInt64, octets: Int
    ) throws(Errno) -> SeparateEnding {
        let first = try pipe()
        let output = Descriptor(owning: first.reading)
        let outputEnd = Descriptor(owning: first.writing)
        let second = try pipe()
        let errors = Descriptor(owning: second.reading)
        let errorsEnd = Descriptor(owning: second.writing)
        let child = try start(
            arguments, output: .descriptors(output: outputEnd.rawValue, errors: errorsEnd.rawValue))
        // So that the pipes end with the child.
        _ = consume outputEnd
        _ = consume errorsEnd
        let deadline = Clock.milliseconds + milliseconds
        let (status, texts) = try child.end(by: deadline) { () throws(Errno) in
            let interests = [Poll.Interest.reading(output), Poll.Interest.reading(errors)]
            return try gather(interests, until: deadline, limit: octets)
        }
        return SeparateEnding(status: status, output: texts[0], errors: texts[1])
    }

    /// Runs `arguments` to their end, but for no longer than so many milliseconds; standard error goes where standard output
    /// goes, in the order in which it was written. Without a limit of its own the text may have 1 GiB.
    ///
    /// - Throws: `Errno.timedOut` or `Errno.fileTooLarge`; the program has been killed then.
    package static func run(_ arguments: [String], milliseconds: UInt64 = 60_000) throws(Errno) -> Ending {
        let ends = try pipe()
        let output = Descriptor(owning: ends.reading)
        let ourEnd = Descriptor(owning: ends.writing)
        let child = try start(arguments, output: .descriptors(output: ourEnd.rawValue, errors: ourEnd.rawValue))
        _ = consume ourEnd
        let deadline = Clock.milliseconds + milliseconds
        let (status, texts) = try child.end(by: deadline) { () throws(Errno) in
            try gather([Poll.Interest.reading(output)], until: deadline, limit: 1 << 30)
        }
        return Ending(status: status, text: texts[0])
    }

    /// Waits until `read` has returned and the child has ended; kills it when either does not come in time.
    private consuming func end(
        by deadline: UInt64, _ read: () throws(Errno) -> [String]
    ) throws(Errno) -> (status: Int32, texts: [String]) {
        do throws(Errno) {
            let texts = try read()
            // It may have closed all that we read, and go on.
            while true {
                if let status = poll() { return (status, texts) }
                guard Clock.milliseconds < deadline else { throw .timedOut }
                Clock.sleep(milliseconds: 1)
            }
        } catch {
            signal(SIGKILL)
            try wait()
            throw error
        }
    }

    /// Reads from each until all have ended.
    private static func gather(
        _ interests: [Poll.Interest], until deadline: UInt64, limit: Int
    ) throws(Errno) -> [String] {
        var waitsFor = interests
        var texts = [[UInt8]](repeating: [], count: waitsFor.count)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var open = waitsFor.count
        while open > 0 {
            let now = Clock.milliseconds
            guard now < deadline else { throw .timedOut }
            try Poll.wait(for: &waitsFor, timeoutMilliseconds: Int32(min(deadline - now, 1 << 30)))
            for index in waitsFor.indices where waitsFor[index].isReady {
                let count = try posix(unsafe read(waitsFor[index].descriptor, &buffer, buffer.count))
                texts[index] += buffer[..<count]
                if texts[index].count > limit { throw .fileTooLarge }
                if count == 0 {
                    waitsFor[index] = .nothing
                    open -= 1
                }
            }
        }
        return texts.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func pipe() throws(Errno) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        try checked(unsafe clinux_pipe(&ends))
        return (ends[0], ends[1])
    }
}
