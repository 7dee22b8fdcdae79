// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Logging
import Testing
@testable import iptund

@Suite struct WatchdogTests {
    private func watchdog(_ microseconds: String?, process: String? = nil) -> Watchdog {
        Watchdog(microseconds: microseconds, process: process, own: 42, now: 1_000)
    }

    @Test(arguments: [("10000000", 5_000), ("2000000", 1_000), ("3000", 1), ("1", 1)])
    func `it looks twice in the time that the supervisor waits`(microseconds: String, interval: UInt64) {
        let watchdog = watchdog(microseconds)
        #expect(watchdog.interval == interval)
        #expect(watchdog.next == 1_000 + interval)
    }

    @Test(arguments: [nil, "", "0", "-1", "soon", "99999999999999999999"])
    func `where nobody waits, or nobody knows for how long, it never looks`(microseconds: String?) {
        #expect(watchdog(microseconds).interval == nil)
        #expect(watchdog(microseconds).next == nil)
    }

    @Test(arguments: [("42", true), ("43", false), ("x", false)])
    func `it may be meant for another process of the service`(process: String, isForUs: Bool) {
        #expect((watchdog("1000000", process: process).interval != nil) == isForUs)
    }

    @Test func `it says that all is well when it is time, and not before`() async {
        await #expect(processExitsWith: .success) {
            try withTemporaryDirectory { directory in
                let listener = try SupervisorTests.listener("\(directory)/notify")
                try posix(fcntl(listener.rawValue, F_SETFL, O_NONBLOCK))
                unsafe setenv("NOTIFY_SOCKET", "\(directory)/notify", 1)
                let supervisor = Supervisor()
                let log = StandardErrorLog.logger()
                let path = try Datapath(with: [], capacity: 1)
                var watchdog = Watchdog(microseconds: "2000000", process: nil, own: 1, now: 0)
                watchdog.look(path, supervisor, log, at: 999)
                #expect(try listener.receive(limit: 100) == nil)
                watchdog.look(path, supervisor, log, at: 1_000)
                #expect(try SupervisorTests.next(listener) == "WATCHDOG=1")
                #expect(watchdog.next == 2_000)
                watchdog.look(path, supervisor, log, at: 1_001)
                #expect(try listener.receive(limit: 100) == nil)
                try path.finish()
            }
        }
    }

    @Test(.needsRoot) func `while a data thread has not answered, it says nothing to the supervisor`() async {
        await #expect(processExitsWith: .success) {
            try withTemporaryDirectory { directory in
                let listener = try SupervisorTests.listener("\(directory)/notify")
                try posix(fcntl(listener.rawValue, F_SETFL, O_NONBLOCK))
                unsafe setenv("NOTIFY_SOCKET", "\(directory)/notify", 1)
                let supervisor = Supervisor()
                let heard = try inFreshNetwork { () -> [String] in
                    // Its threads are never started, so they are as silent as if they were stuck.
                    let ports = Worker.Ports(
                        device: try TUNDevice(name: "silent"), receiver: try RawReceiver(capacity: 1),
                        sender: try RawSender(capacity: 1, local: nil),
                        reports: try ReportSocket(capacity: 1))
                    let path = try Datapath(with: [ports], capacity: 1)
                    var watchdog = Watchdog(microseconds: "2000000", process: nil, own: 1, now: 0)
                    var heard: [String] = []
                    for second in 1...4 {
                        watchdog.look(path, supervisor, StandardErrorLog.logger(), at: UInt64(second) * 1_000)
                        if let message = try listener.receive(limit: 100) {
                            heard.append(String(decoding: message, as: UTF8.self))
                        }
                    }
                    try path.finish()
                    return heard
                }
                // The first time nobody had been called yet.
                #expect(heard == ["WATCHDOG=1"])
            }
        }
    }
}
