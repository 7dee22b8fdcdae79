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
        let firstEnd = Descriptor(owning: first.writing)
        let second = try pipe()
        let errors = Descriptor(owning: second.reading)
        let child = try start(arguments, writingTo: firstEnd, Descriptor(owning: second.writing))
        let deadline = Clock.milliseconds + milliseconds
        let texts: (output: String, errors: String)
        var status: Int32?
        do throws(Errno) {
            texts = try gather(output, errors, until: deadline, limit: octets)
            // It may have closed both, and go on.
            while true {
                status = child.poll()
                if status != nil { break }
                guard Clock.milliseconds < deadline else { throw .timedOut }
                Clock.sleep(milliseconds: 1)
            }
        } catch {
            child.signal(SIGKILL)
            try child.wait()
            throw error
        }
        return SeparateEnding(status: status ?? 0, output: texts.output, errors: texts.errors)
    }

    /// Reads from both until both have ended.
    private static func gather(
        _ output: borrowing Descriptor, _ errors: borrowing Descriptor, until deadline: UInt64, limit: Int
    ) throws(Errno) -> (output: String, errors: String) {
        var texts: [[UInt8]] = [[], []]
        var waitsFor = [Poll.Interest.reading(output), Poll.Interest.reading(errors)]
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var open = 2
        while open > 0 {
            let now = Clock.milliseconds
            guard now < deadline else { throw .timedOut }
            try Poll.wait(for: &waitsFor, timeoutMilliseconds: Int32(deadline - now))
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
        return (String(decoding: texts[0], as: UTF8.self), String(decoding: texts[1], as: UTF8.self))
    }

    /// Starts it, and closes our writing ends, so that the pipes end with the child.
    private static func start(
        _ arguments: [String], writingTo output: consuming Descriptor, _ errors: consuming Descriptor
    ) throws(Errno) -> ChildProcess {
        let id = try spawn(arguments, output: .captured, writing: output.rawValue, errors: errors.rawValue)
        return ChildProcess(id: id, output: Descriptor(owning: -1))
    }

    private static func pipe() throws(Errno) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        try checked(unsafe clinux_pipe(&ends))
        return (ends[0], ends[1])
    }
}
