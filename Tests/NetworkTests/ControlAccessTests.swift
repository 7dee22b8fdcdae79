// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Who may ask a running tunnel what.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct ControlAccessTests {
    private static let onlyRoot = #"{"code":"forbidden","error":"only root may do this","schema":2}"# + "\n"
    private static let refusal =
        #"{"code":"forbidden","error":"only root, the members of the socket's group, and who started the tunnel may ask","schema":2}"#
        + "\n"

    @Test func `a member of the group may ask and gives no orders, a stranger cannot connect`() throws {
        try Lab.open { lab in
            let (host, _) = try lab.pair()
            let a = try lab.upA(host, Somebody.options)
            #expect(try a.ask(.member(1234), "show").text.contains(#""schema":2,"tunnels":[{"#))
            for line in ["reload", "down"] {
                #expect(try a.ask(.member(1234), line).text == Self.onlyRoot)
            }
            #expect(try a.ask(.stranger(1234), "show").text.contains("PermissionError"))
            let shown = try host.run(Somebody.member(1234).wrapper + [Host.program, "show", "iptun0"])
            #expect(shown.status == 0 && shown.text.contains("interface: iptun0\n"), "\(shown.text)")
            let refused = try host.run(Somebody.stranger(1234).wrapper + [Host.program, "show", "iptun0"])
            #expect(refused.status == 1)
            #expect(
                refused.text
                    == "iptund: tunnel iptun0 does not answer: Permission denied; run it as root or as a member of "
                    + "group iptund\n")
            #expect(try a.ask(.root, "down").text == "{\"schema\":2}\n")
            #expect(try a.process.wait() == 0)
        }
    }

    @Test func `where the mode was changed by hand, a stranger gets one line, and what it hands over is not read`()
        throws
    {
        try Lab.open { lab in
            let (host, _) = try lab.pair()
            let a = try lab.upA(host, Somebody.options)
            try host.shell("chmod 666 \(try a.controlSocket)")
            #expect(try a.ask(.stranger(1234), "show").text == Self.refusal)
            #expect(try a.ask(.stranger(1234), "down").text == Self.refusal)
            let shown = try host.run(Somebody.stranger(1234).wrapper + [Host.program, "show", "iptun0"])
            #expect(shown.status == 1 && shown.text.contains("Permission denied; run it as root"), "\(shown.text)")
            let before = try a.openFiles
            let text = try a.run(
                .stranger(1234),
                """
                memory = os.memfd_create("large", os.MFD_ALLOW_SEALING)
                os.ftruncate(memory, 64 << 20)
                connection = connect()
                try: hand_over(connection, b"reload\\n", [memory])
                except BrokenPipeError: pass
                print(answer(connection), end="")
                """)
            #expect(text == Self.refusal)
            #expect(try a.openFiles == before)
            #expect(try peakMemory(of: a) < 60_000)
            #expect(try a.ask(.root, "show").text.contains(#""schema":2,"tunnels":[{"#))
        }
    }

    @Test func `who hands over what it may not, or too much, is told so`() throws {
        try Lab.open { lab in
            let (host, _) = try lab.pair()
            let a = try lab.upA(host, Somebody.options)
            let script = """
                memory = os.memfd_create("configuration", os.MFD_ALLOW_SEALING)
                os.ftruncate(memory, SIZE)
                connection = connect()
                hand_over(connection, b"reload\\n", [memory] * COUNT)
                print(answer(connection), end="")
                """
            func told(_ somebody: Somebody, size: Int, count: Int) throws -> String {
                let script = script.replacing("SIZE", with: "\(size)").replacing("COUNT", with: "\(count)")
                return try a.run(somebody, script)
            }
            let onlyRoot = #"{"code":"forbidden","error":"only root may hand over anything","schema":2}"# + "\n"
            let sealed =
                #"{"code":"bad-attachment","error":"a configuration comes as sealed memory, 64 MiB at most","schema":2}"#
                + "\n"
            let tooMany =
                #"{"code":"bad-attachment","error":"one open file at most comes with a request","schema":2}"# + "\n"
            let before = try a.openFiles
            #expect(try told(.member(1234), size: 64 << 20, count: 1) == onlyRoot)
            #expect(try told(.root, size: 100, count: 1) == sealed)
            #expect(try told(.root, size: 100, count: 100) == tooMany)
            #expect(try told(.member(1234), size: 100, count: 100) == tooMany)
            #expect(try a.openFiles == before)
        }
    }

    /// The most memory that the daemon had so far, KiB.
    private func peakMemory(of tunnel: Tunnel) throws -> Int {
        let status = try Files.read("/proc/\(tunnel.process.id)/status")
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return try #require(line?.split(separator: " ").dropFirst().first.flatMap { Int($0) })
    }
}
