// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

@Suite struct PeerUserTests {
    @Test func `whoever connected is told to whoever accepts, and the other way`() throws {
        try withTemporaryDirectory { directory in
            let listener = try UnixSocket.listen(directory + "/socket", mode: 0o600)
            let client = try UnixSocket.connect(directory + "/socket")
            let server = try listener.acceptNow()
            let me = PeerUser(id: geteuid(), group: getegid(), process: getpid())
            #expect(try server.peerUser() == me)
            #expect(try client.peerUser() == me)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root to become another user"))
    func `another user is told apart`() throws {
        try withTemporaryDirectory { directory in
            Files.setMode(directory, 0o711)
            let listener = try UnixSocket.listen(directory + "/socket", mode: 0o666)
            let script = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.recv(1)"
            let child = try ChildProcess.start([
                "setpriv", "--reuid=1234", "--regid=4321", "--clear-groups", "/usr/bin/python3", "-c", script,
                directory + "/socket",
            ])
            var connection: Descriptor?
            let isConnected = try eventually {
                if let accepted = try listener.accept() { connection = consume accepted }
                return connection != nil
            }
            #expect(isConnected)
            let user = try connection?.peerUser()
            #expect(user == PeerUser(id: 1234, group: 4321, process: child.id))
            connection = nil
            #expect(try child.wait() == 0)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root to become another user"), arguments: [[], [7], Array(1...500)])
    func `supplementary groups are those of whoever connected`(groups: [UInt32]) throws {
        try withTemporaryDirectory { directory in
            Files.setMode(directory, 0o711)
            let listener = try UnixSocket.listen(directory + "/socket", mode: 0o666)
            let script = """
                import os, socket, sys
                os.setgroups([int(group) for group in sys.argv[2].split()])
                os.setresgid(4321, 4321, 4321); os.setresuid(1234, 1234, 1234)
                s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.recv(1)
                """
            let words = groups.map { "\($0)" }.joined(separator: " ")
            let child = try ChildProcess.start([
                "/usr/bin/python3", "-c", script, directory + "/socket", words,
            ])
            var connection: Descriptor?
            let isConnected = try eventually {
                if let accepted = try listener.accept() { connection = consume accepted }
                return connection != nil
            }
            #expect(isConnected)
            let found = try connection?.peerGroups()
            connection = nil
            #expect(found == groups)
            #expect(try child.wait() == 0)
        }
    }

    @Test func `what is no Unix socket has no user`() throws {
        let pair = try Descriptor.open("/dev/null", O_RDWR)
        #expect(thrown { () throws(Errno) in _ = try pair.peerUser() } == .notASocket)
    }
}
