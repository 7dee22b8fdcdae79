// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
@testable import Linux
import Testing

@Suite struct ConsoleTests {
    @Test func `text goes to standard error as it is`() async throws {
        let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
            Console.writeError("no newline, ")
            Console.writeError("ä\n")
        }
        #expect(String(decoding: result.standardErrorContent, as: UTF8.self).contains("no newline, ä\n"))
    }

    @Test func `a line that nobody makes room for is lost, and the next one says so`() async {
        await #expect(processExitsWith: .exitCode(7)) {
            var ends: [Int32] = [0, 0]
            try checked(unsafe clinux_pipe(&ends))
            dup2(ends[1], STDERR_FILENO)
            _ = fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK)
            let page = [UInt8](repeating: 120, count: 4_096)
            while unsafe write(STDERR_FILENO, page, page.count) > 0 {}
            _ = fcntl(STDERR_FILENO, F_SETFL, 0)
            Console.stopWaiting()
            Console.writeError("lost\n")
            Console.writeError("lost\n")
            var buffer = [UInt8](repeating: 0, count: 1 << 20)
            _ = unsafe read(ends[0], &buffer, buffer.count)
            Console.writeError("taken\n")
            let count = unsafe read(ends[0], &buffer, buffer.count)
            let text = String(decoding: buffer[..<count], as: UTF8.self)
            _exit(text == "iptund: 2 lines before this one were lost: nobody took them\ntaken\n" ? 7 : 1)
        }
    }

    @Test func `a standard stream that is closed leads nowhere from then on`() async {
        await #expect(processExitsWith: .exitCode(7)) {
            // Another thread of this process may open a file just then, and get the number.
            for _ in 1...100 where Files.linkTarget("/proc/self/fd/2") != "/dev/null" {
                close(STDERR_FILENO)
                Console.openMissingStreams()
            }
            _exit(Files.linkTarget("/proc/self/fd/2") == "/dev/null" ? 7 : 1)
        }
    }

    @Test func `output into a pipe is no terminal`() async {
        _ = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            #expect(!Console.isOutputTerminal)
        }
    }
}
