// SPDX-License-Identifier: Apache-2.0

import Glibc
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

    @Test func `under systemd a line says how bad it is`() async throws {
        let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
            unsafe setenv("JOURNAL_STREAM", "8:1", 1)
            var logger = StandardErrorLog.logger()
            logger.logLevel = .trace
            for level in Logger.Level.allCases { logger.log(level: level, "\(level)") }
        }
        let text = String(decoding: result.standardErrorContent, as: UTF8.self)
        let lines = "<7>trace\n<7>debug\n<6>info\n<5>notice\n<4>warning\n<3>error\n<2>critical\n"
        #expect(text.contains(lines), "\(text)")
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
}
