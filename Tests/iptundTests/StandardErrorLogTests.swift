// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Logging
import Testing
@testable import iptund

/// Each in a process of its own, whose standard error is looked at.
@Suite struct StandardErrorLogTests {
    @Test func `outside of systemd a line says who we are`() async throws {
        let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
            unsafe unsetenv("JOURNAL_STREAM")
            StandardErrorLog.logger().warning("it rains")
        }
        #expect(String(decoding: result.standardErrorContent, as: UTF8.self).contains("iptund: it rains\n"))
    }

    @Test func `where the journal reads, a line says how bad it is`() async throws {
        let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
            unsafe setenv("JOURNAL_STREAM", try #require(Console.errorStream), 1)
            var logger = StandardErrorLog.logger()
            logger.logLevel = .trace
            for level in Logger.Level.allCases { logger.log(level: level, "\(level)") }
        }
        let text = String(decoding: result.standardErrorContent, as: UTF8.self)
        let lines = "<7>trace\n<7>debug\n<6>info\n<5>notice\n<4>warning\n<3>error\n<2>critical\n"
        #expect(text.contains(lines), "\(text)")
    }

    @Test(arguments: ["", "8:1", "8", "0:0:0", "journal"])
    func `a variable that came from somebody else's journal changes nothing`(stream: String) async throws {
        let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) { [stream] in
            unsafe setenv("JOURNAL_STREAM", stream, 1)
            StandardErrorLog.logger().warning("it rains")
        }
        #expect(String(decoding: result.standardErrorContent, as: UTF8.self).contains("iptund: it rains\n"))
    }

    @Test func `what is less than information is not said`() async throws {
        let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
            StandardErrorLog.logger().debug("too much")
            StandardErrorLog.logger().info("enough")
        }
        let text = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(!text.contains("too much"))
        #expect(text.contains("enough"))
    }

    @Test func `metadata follows the message, sorted, and that of the event wins`() async throws {
        let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
            var logger = Logger(label: "test") { _ in StandardErrorLog(isJournal: false) }
            logger[metadataKey: "peer"] = "b"
            logger[metadataKey: "a"] = "1"
            logger.info("text", metadata: ["peer": "c", "z": "2"])
        }
        #expect(String(decoding: result.standardErrorContent, as: UTF8.self).contains("iptund: text a=1 peer=c z=2\n"))
    }

    @Test func `a tunnel's own log names it on every line`() async throws {
        let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
            StandardErrorLog.logger(of: "b").notice("a peer can be reached now", metadata: ["peer": "c"])
        }
        let text = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(text.contains("iptund: a peer can be reached now peer=c tunnel=b\n"), "\(text)")
    }

    @Test func `nobody can end a line or add a field by what he is called`() {
        let fields: Logger.Metadata = [
            "peer": "b\n<2>iptund: all is lost", "host": "x drop=loop", "a": "", "quoted": "say \"yes\" \\",
            "plain": "1/2",
        ]
        #expect(
            StandardErrorLog.text("one\ntwo\u{1B}[31m", fields)
                == #"one\u{A}two\u{1B}[31m a="" host="x drop=loop" peer="b\u{A}<2>iptund: all is lost" plain=1/2 "#
                + #"quoted="say \"yes\" \\""#)
    }

    @Test func `whatever is printed to standard error is one line`() async throws {
        let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
            standardError("one\ntwo\rthree")
        }
        let text = String(decoding: result.standardErrorContent, as: UTF8.self)
        #expect(text.contains("one\\u{A}two\\u{D}three\n"), "\(text)")
    }
}
