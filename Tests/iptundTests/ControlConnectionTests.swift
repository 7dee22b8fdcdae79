// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
@testable import iptund

/// What listens at a control socket may be stopped, busy or hostile: there is an end to waiting for it, and to listening.
@Suite struct ControlConnectionTests {
    /// Somebody who accepts connections, and what he does with each, until he is told to stop.
    private struct Listener: ~Copyable, ThreadWork {
        let path: String
        let habit: Habit
        let isListening: Wakeup
        let stop: Wakeup

        consuming func run() throws(Errno) {
            let listener = try UnixSocket.listen(path, mode: 0o600)
            isListening.signal()
            var connections: [Owned<Descriptor>] = []
            var isOver = false
            while !isOver {
                var interests = [Poll.Interest.signal(of: stop), .reading(listener)]
                try Poll.wait(for: &interests, timeoutMilliseconds: habit.pause)
                isOver = interests[0].isReady
                if habit != .deaf, let next = try listener.accept() { connections.append(Owned(next)) }
                for connection in connections { habit.speak(connection) }
                if habit == .shy { connections.removeAll() }
            }
        }
    }

    private enum Habit: CaseIterable {
        /// Accepts and says nothing.
        case silent
        /// An octet now and then.
        case dripping
        /// Zeros without an end.
        case endless
        /// Accepts nobody.
        case deaf
        /// Closes each connection in the middle of its answer.
        case shy

        var pause: Int32 { self == .endless ? 0 : 200 }

        func speak(_ connection: Owned<Descriptor>) {
            switch self {
            case .silent, .deaf: break
            case .dripping: _ = try? connection.value.send([32])
            case .endless: _ = try? connection.value.send([UInt8](repeating: 0, count: 1 << 20)[...])
            case .shy: _ = try? connection.value.send(Array(#"{"schema":2,"tun"#.utf8)[...])
            }
        }
    }

    /// How `body` does with somebody of that habit, and how long it takes, milliseconds.
    private func against<Value>(
        _ habit: Habit, _ body: (String) throws -> Value
    ) throws -> (value: Value, milliseconds: UInt64) {
        try withTemporaryDirectory { directory in
            let isListening = try Wakeup()
            let stop = try Wakeup()
            let path = directory + "/control.sock"
            let listener = Listener(
                path: path, habit: habit, isListening: try isListening.duplicate(), stop: try stop.duplicate())
            let thread = try Linux.Thread.start("listener", listener)
            var interests = [Poll.Interest.signal(of: isListening)]
            try Poll.wait(for: &interests, timeoutMilliseconds: 10_000)
            let start = Clock.milliseconds
            let value = Result { try body(path) }
            let milliseconds = Clock.milliseconds - start
            stop.signal()
            try thread.join()
            return (try value.get(), milliseconds)
        }
    }

    @Test(arguments: Habit.allCases) private func `each question has an end, and so has its answer`(habit: Habit) throws
    {
        let (outcomes, milliseconds) = try against(habit) { path -> [Result<[UInt8], Errno>?] in
            // For who listens to nobody there is a queue, which is full then.
            let crowd = (0..<(habit == .deaf ? 40 : 2)).map { _ in ControlQuestion(path, "show", attempts: 3) }
            ControlConnection.ask(crowd, .subject)
            return crowd.map(\.outcome)
        }
        let expected: Errno =
            switch habit {
            case .silent, .dripping, .deaf: .timedOut
            case .endless: .fileTooLarge
            case .shy: .connectionReset
            }
        #expect(outcomes.allSatisfy { $0 == .failure(expected) })
        // Two seconds, and a machine that has other things to do; a second more for each of 64 MiB.
        #expect(milliseconds < (habit == .endless ? 20_000 : 8_000))
    }

    @Test func `all others together get one second, however many they are`() throws {
        let (_, milliseconds) = try against(.silent) { path in
            ControlConnection.ask((0..<200).map { _ in ControlQuestion(path, "show") }, .others)
        }
        #expect((900..<6_000).contains(milliseconds))
    }

    @Test func `nobody at all is known at once`() throws {
        try withTemporaryDirectory { directory in
            #expect(throws: Errno.noSuchFile) {
                try ControlConnection.ask(ControlQuestion(directory + "/control.sock", "show"))
            }
            _ = try UnixSocket.listen(directory + "/dead.sock", mode: 0o600)
            #expect(throws: Errno.connectionRefused) {
                try ControlConnection.ask(ControlQuestion(directory + "/dead.sock", "show"))
            }
        }
    }

    @Test func `one that does not answer keeps nobody from asking those that do`() throws {
        let (counts, _) = try against(.silent) { path -> [Bool] in
            try withTemporaryDirectory { other in
                let questions = [ControlQuestion(path, "show"), ControlQuestion(other + "/none.sock", "show")]
                ControlConnection.ask(questions, .others)
                return questions.map { $0.outcome == .failure(.noSuchFile) }
            }
        }
        #expect(counts == [false, true])
    }
}
