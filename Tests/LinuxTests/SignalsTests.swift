// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// Each in a process of its own: signals belong to the process.
@Suite struct SignalsTests {
    @Test func `signals that ask for the end are read, in the place of interrupting`() async {
        await #expect(processExitsWith: .success) {
            let signals = try Signals()
            #expect(signals.next() == nil)
            for number in [SIGINT, SIGTERM, SIGHUP] {
                raise(number)
                var interests = [Poll.Interest.next(of: signals)]
                try Poll.wait(for: &interests, timeoutMilliseconds: 0)
                #expect(interests[0].isReady)
                #expect(signals.next() == number)
                #expect(signals.next() == nil)
            }
        }
    }

    @Test func `threads that are started later do not take the signal away`() async {
        /// Does nothing until it is told to.
        struct Waiter: ~Copyable, ThreadWork {
            let stop: Wakeup
            consuming func run() throws(Errno) {
                var interests = [Poll.Interest.signal(of: stop)]
                try Poll.wait(for: &interests, timeoutMilliseconds: 10_000)
            }
        }
        await #expect(processExitsWith: .success) {
            let signals = try Signals()
            let stop = try Wakeup()
            let thread = try Linux.Thread.start("waiter", Waiter(stop: try stop.duplicate()))
            raise(SIGTERM)
            #expect(signals.next() == SIGTERM)
            stop.signal()
            try thread.join()
        }
    }

    @Test func `writing to somebody who is gone does not end the process`() async {
        await #expect(processExitsWith: .success) {
            _ = try Signals()
            raise(SIGPIPE)
        }
    }

    @Test func `the descriptor is closed on exec`() async {
        await #expect(processExitsWith: .success) {
            let signals = try Signals()
            #expect(fcntl(signals.descriptor.rawValue, F_GETFD) == FD_CLOEXEC)
        }
    }
}
