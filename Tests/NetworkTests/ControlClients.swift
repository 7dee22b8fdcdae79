// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Who may be behind a connection to the control socket.
enum Somebody {
    case root
    /// An ordinary user with this uid, in the group `daemon` as well.
    case member(UInt32)
    /// The same in no group that matters.
    case stranger(UInt32)

    /// The group that tunnels of these tests belong to: every system has it.
    static let group: UInt32 = 1
    /// What makes a tunnel belong to it.
    static let options = ["--user", "daemon"]

    /// What runs a program as them; they may read it wherever it was built.
    var wrapper: [String] {
        switch self {
        case .root: []
        case .member(let id): Somebody.ordinary(id, "--groups=\(Somebody.group)")
        case .stranger(let id): Somebody.ordinary(id, "--clear-groups")
        }
    }

    private static func ordinary(_ id: UInt32, _ groups: String) -> [String] {
        [
            "setpriv", "--reuid=\(id)", "--regid=\(id)", groups, "--bounding-set=-all,+dac_read_search",
            "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search",
        ]
    }
}

extension Tunnel {
    /// Where it can be asked.
    var controlSocket: String { get throws { "/run/iptund/\(name)@\(try host.inode)/control.sock" } }

    /// The words that run a script in Python that knows `path`, and `connect()`.
    func client(_ somebody: Somebody, _ script: String) throws -> [String] {
        let prelude = """
            import array, os, select, socket, sys, time
            path = "\(try controlSocket)"
            def connect():
                connection = socket.socket(socket.AF_UNIX)
                connection.connect(path)
                return connection
            def hand_over(connection, line, files):
                rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))
                connection.sendmsg([line], [rights])
            def answer(connection):
                text = b""
                while more := connection.recv(1 << 20): text += more
                return text.decode()

            """
        return somebody.wrapper + ["/usr/bin/python3", "-c", prelude + script]
    }

    /// Runs such a script to its end; returns what it printed.
    func run(_ somebody: Somebody, _ script: String) throws -> String {
        try host.run(try client(somebody, script)).text
    }

    /// The answer to one line, and how long it took, milliseconds.
    func ask(_ somebody: Somebody, _ line: String) throws -> (text: String, milliseconds: UInt64) {
        let text = try run(
            somebody,
            """
            start = time.monotonic()
            connection = connect()
            try: connection.sendall(b"\(line)\\n")
            except BrokenPipeError: pass  # who may ask nothing is told so unasked
            text = answer(connection)
            print(int((time.monotonic() - start) * 1000)); print(text, end="")
            """)
        let parts = text.split(separator: "\n", maxSplits: 1)
        return (parts.last.map(String.init) ?? "", parts.first.flatMap { UInt64($0) } ?? .max)
    }

    /// How many files the daemon has open.
    var openFiles: Int { get throws { try Files.entries("/proc/\(process.id)/fd").count } }
}
