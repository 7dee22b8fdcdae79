// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
@testable import iptund

@Suite struct RunningTunnelsTests {
    /// A daemon's control socket, served until it is told to stop; everybody gets the same answer.
    private struct Tunnel: ~Copyable, ThreadWork {
        let path: String
        let answer: String
        let isListening: Wakeup
        let stop: Wakeup

        consuming func run() throws(Errno) {
            var server = try ControlServer(path)
            isListening.signal()
            while true {
                var interests = [.signal(of: stop)] + server.interests
                try Poll.wait(for: &interests, timeoutMilliseconds: server.timeoutMilliseconds)
                if interests[0].isReady { return }
                server.serve(interests[1...]) { $0.verb == "show" ? answer : "" }
            }
        }
    }

    /// Asks for `name` in a directory where a tunnel gives `answer` to "show".
    private func ask(_ name: String?, answer: String) throws -> [RunningTunnels.Answer] {
        try withTemporaryDirectory { directory in
            let isListening = try Wakeup()
            let stop = try Wakeup()
            let tunnel = Tunnel(
                path: directory + "/control.sock", answer: answer, isListening: try isListening.duplicate(),
                stop: try stop.duplicate())
            let thread = try Linux.Thread.start("tunnel", tunnel)
            var interests = [Poll.Interest.signal(of: isListening)]
            try Poll.wait(for: &interests, timeoutMilliseconds: 10_000)
            let answers = Result { try RunningTunnels.ask(name, directory: directory) }
            stop.signal()
            try thread.join()
            return try answers.get()
        }
    }

    @Test(arguments: ["tunl-b", nil]) func `a tunnel that runs reports`(name: String?) throws {
        let answers = try ask(name, answer: try ReportDocument(tunnels: [.sample]).json(pretty: false))
        guard case .report(let report) = answers.first else {
            Issue.record("no report: \(answers)")
            return
        }
        #expect(report == .sample)
        #expect(answers.count == 1)
    }

    @Test func `a long report arrives whole`() throws {
        var long = TunnelReport.sample
        long.peers = .init(repeating: long.peers[0], count: 10_000)
        let answers = try ask("tunl-b", answer: try ReportDocument(tunnels: [long]).json(pretty: false))
        guard case .report(let report) = answers.first else {
            Issue.record("no report")
            return
        }
        #expect(report == long)
    }

    @Test(arguments: ["{}", #"{"error":"unknown request","schema":2}"#, #"{"schema":2,"tunnels":[]}"#, "no JSON"])
    func `an answer that is no report makes the tunnel unreadable`(answer: String) throws {
        let answers = try ask("tunl-b", answer: answer)
        guard case .unreadable("tunl-b", .protocolError) = answers.first else {
            Issue.record("not unreadable: \(answers)")
            return
        }
    }

    @Test func `a daemon of another version is told from one that does not answer`() throws {
        let answers = try ask("tunl-b", answer: #"{"schema":1,"tunnels":[{"name":"tunl-b"}]}"#)
        guard case .unreadable("tunl-b", .protocolNotSupported) = answers.first else {
            Issue.record("not unreadable: \(answers)")
            return
        }
        let error = RunningTunnels.complaint(aboutUnreadable: "tunl-b", .protocolNotSupported)
        #expect(error.what == "tunnel tunl-b cannot be read")
        #expect(error.whatNow == "restart the tunnel")
    }

    @Test func `a name that nobody answers to is no tunnel`() throws {
        try withTemporaryDirectory { directory in
            let answers = try RunningTunnels.ask("tunl-b", directory: directory)
            #expect(answers.isEmpty)
            let error = RunningTunnels.complaint(about: "tunl-b", directory: directory)
            #expect(error.what == "no tunnel 'tunl-b' is up here")
            #expect(error.why == "nobody answers at \(directory)/control.sock")
            #expect(error.exitCode == 1)
            let all = try RunningTunnels.ask(nil, directory: directory)
            #expect(all.isEmpty)
        }
    }

    @Test func `what a dead tunnel left is passed over`() throws {
        try withTemporaryDirectory { directory in
            _ = try ControlServer(directory + "/control.sock")
            #expect(Files.exists(directory + "/control.sock"))
            let isPassedOver = try eventually { try RunningTunnels.ask(nil, directory: directory).isEmpty }
            #expect(isPassedOver)
            let named = try RunningTunnels.ask("tunl-b", directory: directory)
            #expect(named.isEmpty)
        }
    }
}
