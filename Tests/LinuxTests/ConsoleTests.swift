// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

@Suite struct ConsoleTests {
    @Test func `text goes to standard error as it is`() async throws {
        let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
            Console.writeError("no newline, ")
            Console.writeError("ä\n")
        }
        #expect(String(decoding: result.standardErrorContent, as: UTF8.self).contains("no newline, ä\n"))
    }

    @Test func `output into a pipe is no terminal`() async {
        _ = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            #expect(!Console.isOutputTerminal)
        }
    }
}
