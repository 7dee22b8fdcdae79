// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
@testable import iptund

/// Clients that behave badly.
extension ControlServerTests {
    @Test(arguments: [4097, 9000, 100_000]) func `a request that is too long is refused`(length: Int) throws {
        try withServer { server, path in
            var count = 0
            let peer = try Peer(path)
            try peer.send(String(repeating: "x", count: length))
            try serve(&server, until: [peer]) { _ in
                count += 1
                return "answer"
            }
            #expect(peer.isEnded)
            #expect(peer.text == #"{"code":"bad-request","error":"a request has no more than 4096 octets","schema":2}"#)
            #expect(count == 0)
        }
    }

    @Test func `while nobody can be accepted it does not wait for the next one to come, who has come already`() async {
        await #expect(processExitsWith: .exitCode(7)) {
            try withTemporaryDirectory { directory in
                var server = try ControlServer("\(directory)/control.sock")
                let client = try UnixSocket.connect("\(directory)/control.sock")
                // No number is free any more.
                let next = try client.duplicate().rawValue
                _ = try ChildProcess.run(["prlimit", "--pid", "\(getpid())", "--nofile=\(next)"])
                var interests = server.interests
                try Poll.wait(for: &interests, timeoutMilliseconds: 0)
                let wasReady = interests[0].isReady
                server.serve(interests[...]) { _ in "" }
                interests = server.interests
                try Poll.wait(for: &interests, timeoutMilliseconds: 0)
                let waits = (1...1_000).contains(server.timeoutMilliseconds)
                _exit(wasReady && !interests[0].isReady && waits ? 7 : 1)
            }
        }
    }

    @Test func `a request of 4096 octets is answered`() throws {
        try withServer { server, path in
            let peer = try Peer(path)
            try peer.send(String(repeating: "x", count: 4095) + "\n")
            try serve(&server, until: [peer]) { "\($0.verb.count)" }
            #expect(peer.text == "4095")
        }
    }

    @Test func `a client that ends before its line does is dropped unanswered`() throws {
        try withServer { server, path in
            let peer = try Peer(path)
            try peer.send("show")
            peer.finishSending()
            try serve(&server, until: [peer]) { _ in "answer" }
            #expect(peer.isEnded)
            #expect(peer.received.isEmpty)
        }
    }

    @Test func `a client that has said its line and ends sending is answered`() throws {
        try withServer { server, path in
            let peer = try Peer(path)
            try peer.send("show\n")
            peer.finishSending()
            try serve(&server, until: [peer]) { _ in "answer" }
            #expect(peer.text == "answer")
        }
    }

    @Test func `who does not ask, or does not listen, is cut off after two seconds`() throws {
        try withServer { server, path in
            let silent = try Peer(path)
            let deaf = try Peer(path)
            let start = Clock.milliseconds
            try deaf.send("show\n")
            let answer = String(repeating: "x", count: 4 << 20)
            for _ in 1...3 { try step(&server) { _ in answer } }
            #expect(server.interests.count == 3)
            #expect((1...2000).contains(server.timeoutMilliseconds))
            while server.interests.count > 1, Clock.milliseconds < start + 10_000 {
                try step(&server, waiting: true) { _ in answer }
            }
            #expect((1900...4000).contains(Clock.milliseconds - start))
            let areEnded = eventually {
                for peer in [silent, deaf] { peer.read() }
                return silent.isEnded && deaf.isEnded
            }
            #expect(areEnded)
            #expect(silent.received.isEmpty)
            #expect(deaf.received.count < answer.utf8.count)
        }
    }

    @Test func `whoever connects in a loop is answered too, and everybody else meanwhile`() throws {
        try withServer { server, path in
            let honest = try Peer(path)
            try step(&server) { $0.verb }
            try honest.send("x\n")
            // More than listen(2) keeps waiting: only a part is taken at once.
            for _ in 0..<4 {
                let flood = try (0..<16).map { _ in try Peer(path) }
                try step(&server) { $0.verb }
                #expect(server.interests.count <= 1 + 16)
                _ = flood.count
            }
            honest.read()
            #expect(honest.text == "x")
        }
    }

    @Test func `a hundred open files in one message are refused, and closed`() async {
        await #expect(processExitsWith: .success) {
            try ControlServerTests().withServer { server, path in
                let script = """
                    import array, os, socket, sys
                    files = array.array("i", [os.open("/dev/null", os.O_RDONLY) for _ in range(100)])
                    def isRefused():
                        s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
                        s.sendmsg([b"show\\n"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
                        answer = s.recv(1000)
                        if not answer: raise ConnectionError
                        return b'"error"' in answer
                    # On a busy machine two seconds can pass between two lines, and then nobody is answered.
                    for _ in range(100):
                        try: sys.exit(not isRefused())
                        except OSError: pass
                    sys.exit(2)
                    """
                let before = try Files.entries("/proc/self/fd").count
                let child = try ChildProcess.start(["/usr/bin/python3", "-c", script, path])
                var status: Int32?
                let hasEnded = try eventually {
                    try ControlServerTests().step(&server) { $0.verb }
                    status = status ?? child.poll()
                    return status != nil && server.interests.count == 1
                }
                #expect(hasEnded && status == 0)
                // The process that looks has files of its own, which come and go.
                let isClosed = try eventually { try Files.entries("/proc/self/fd").count <= before }
                #expect(isClosed)
            }
        }
    }
}
