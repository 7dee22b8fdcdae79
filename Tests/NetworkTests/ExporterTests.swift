// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// Metrics over HTTP, of a real tunnel or of a program in its place.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct ExporterTests {
    private static let program = "\(Host.program)-exporter"
    private static let url = "http://127.0.0.1:20030"

    /// Starts it and waits until it listens.
    private func start(_ words: [String], on host: Host) throws -> Running {
        let exporter = try host.start(words)
        try exporter.waitFor("serves http://127.0.0.1:20030/metrics")
        return exporter
    }

    @Test func `what a tunnel counted is served, and promtool likes it`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.tunnel(a: Somebody.options + ["--peer-name", "other"])
            let exporter = try start(Somebody.member(1234).wrapper + [Self.program], on: a.host)
            #expect(try a.host.ping("10.9.0.2") == 3)
            let line = #"iptund_peer_packets_total{tunnel="iptun0",peer="other",direction="encapsulate"} 3"#
            try eventually("three packets are counted") {
                try a.host.shell("curl -sf \(Self.url)/metrics").contains(line)
            }
            if Files.exists("/usr/bin/promtool") {
                #expect(try a.host.shell("curl -sf \(Self.url)/metrics | promtool check metrics") == "")
            }
            let head = try a.host.shell("curl -sI \(Self.url)/metrics")
            #expect(head.contains("HTTP/1.1 200 ") && head.contains("text/plain; version=0.0.4; charset=utf-8\r\n"))
            #expect(head.hasSuffix("\r\n\r\n"))
            #expect(try a.host.shell("curl -sf \(Self.url)/").contains(#"<a href="/metrics">"#))
            let code = "curl -s -o /dev/null -w '%{http_code} '"
            #expect(
                try a.host.shell(
                    "\(code) \(Self.url)/x; \(code) -X POST -d x \(Self.url)/metrics")
                    == "404 405 ")
            exporter.signal(SIGTERM)
            #expect(try exporter.wait() == 0)
        }
    }

    @Test func `who may not ask a tunnel gets the reason, and no numbers`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.tunnel(a: Somebody.options)
            let stranger = Somebody.stranger(1234).wrapper
            _ = try start(stranger + [Self.program], on: a.host)
            let answer = try a.host.shell("curl -s -w '%{http_code}' \(Self.url)/metrics")
            #expect(
                answer.contains("run it as root or as a member of group iptund") && answer.hasSuffix("503"), "\(answer)"
            )
            let asked = try a.host.run(stranger + [Host.program, "metrics"])
            #expect(
                asked.status == 1 && asked.text.hasPrefix("iptund: tunnel iptun0 does not answer: "), "\(asked.text)")
        }
    }

    @Test func `many scrapers cost no more than one, and one that fails is told why`() throws {
        try Lab.open { lab in
            let a = try lab.host("a")
            // The program beside it is the one that it asks.
            let (exporter, place) = ("\(lab.directory)/iptund-exporter", lab.directory)
            try a.shell("cp \(Self.program) \(exporter)")
            let script = "#!/bin/sh\necho $* >> \(place)/calls\nexec sh \(place)/behaviour\n"
            try Files.write(Array(script.utf8), to: "\(place)/iptund")
            // It answers when all of them wait.
            try a.shell(
                "chmod 755 \(place)/iptund; mkfifo \(place)/gate; "
                    + "echo 'read _ < \(place)/gate; echo iptund_build_info 1' > \(place)/behaviour")
            _ = try start([exporter], on: a)
            let flood = """
                for n in $(seq 20); do curl -sf \(Self.url)/metrics & done
                until [ $(ss -Htn state established 'dport = :20030' | wc -l) = 20 ]; do :; done
                echo open > \(place)/gate; wait
                """
            #expect(try a.shell(flood) == String(repeating: "iptund_build_info 1\n", count: 20))
            #expect(try a.shell("cat \(place)/calls") == "metrics\n")
            for (behaviour, reason) in [
                ("echo nothing; echo it is late >&2; exit 4", "it is late\n503"), ("exit 4", "ended with 4\n503"),
                ("yes x", "failed: File too large\n503"),
            ] {
                try a.shell("echo '\(behaviour)' > \(place)/behaviour")
                try eventually("\(behaviour) is told") {
                    try a.shell("curl -s -w '%{http_code}' \(Self.url)/metrics").hasSuffix(reason)
                }
            }
            try eventually("the endless one is gone") { try a.run(["pgrep", "-f", "^yes x$"]).status != 0 }
        }
    }

    @Test func `more connections than it may have files do not end it`() throws {
        try Lab.open { lab in
            let a = try lab.host("a")
            let exporter = try start(["prlimit", "--nofile=40", Self.program], on: a)
            let hold = """
                import socket, sys
                held = []
                try:
                    for _ in range(200): held.append(socket.create_connection(("127.0.0.1", 20030), 10))
                except OSError: pass
                print(len(held) > 30)
                """
            #expect(try a.run(["python3", "-c", hold]).text == "True\n")
            try eventually("it serves again") { try a.run(["curl", "-sf", "\(Self.url)/"]).status == 0 }
            #expect(!exporter.hasEnded)
        }
    }

    @Test func `where it cannot listen it says so`() throws {
        try Lab.open { lab in
            let a = try lab.host("a")
            _ = try start([Self.program], on: a)
            let taken = try a.run([Self.program])
            #expect(taken.status == 1)
            #expect(
                taken.text == "iptund-exporter: cannot listen on 127.0.0.1:20030: Address already in use; "
                    + "choose another address or port with --listen\n")
            #expect(try a.run([Self.program, "--listen", "203.0.113.9:20030"]).status == 1)
            for listen in ["localhost:1", "127.0.0.1", "127.0.0.1:65536", "::1:20030", ""] {
                let wrong = try a.run([Self.program, "--listen", listen])
                #expect(wrong.status == 2 && wrong.text.hasPrefix("iptund-exporter: --listen "), "\(wrong.text)")
            }
            let version = try a.run([Self.program, "--version"]).text
            #expect(try version == a.iptund("--version").text)
        }
    }

    @Test func `without a tunnel there is the version`() throws {
        try Lab.open { lab in
            let metrics = try lab.host("a").iptund("metrics")
            #expect(metrics.status == 0)
            #expect(metrics.text.split(separator: "\n").count == 3)
            #expect(metrics.text.contains("iptund_build_info{version="))
        }
    }
}
