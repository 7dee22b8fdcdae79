// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

@Suite struct ChildProcessBoundedTests {
    @Test func `what ends in time is as without a limit`() throws {
        let ending = try ChildProcess.run(["sh", "-c", "echo text; exit 3"], milliseconds: 60_000, octets: 5)
        #expect(ending.status == 3)
        #expect(ending.output == "text\n")
    }

    @Test func `what does not end is killed`() {
        let error = thrown { () throws(Errno) in
            _ = try ChildProcess.run(["sleep", "600"], milliseconds: 50, octets: 10)
        }
        #expect(error == .timedOut)
    }

    @Test func `what does not end is killed where both streams are one, too`() {
        let error = thrown { () throws(Errno) in _ = try ChildProcess.run(["sleep", "600"], milliseconds: 50) }
        #expect(error == .timedOut)
    }

    @Test func `what prints too much is killed`() {
        let error = thrown { () throws(Errno) in
            _ = try ChildProcess.run(["yes"], milliseconds: 60_000, octets: 100_000)
        }
        #expect(error == .fileTooLarge)
    }
}
