// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing

struct DoctorTests {
    private enum Cause: Check {
        static let id = "cause"
        static let why = "it is first"
        static func judge(_ host: HostSnapshot) -> [Finding] { [finding(.broken)] }
    }

    private enum Consequence: Check {
        static let id = "consequence"
        static let why = "it follows"
        static let causes = ["cause"]
        static func judge(_ host: HostSnapshot) -> [Finding] { [finding(.broken, ["seen"])] }
    }

    @Test func `what another check explains is a consequence, and not broken itself`() {
        let findings = Doctor.examine(HostSnapshot(), [Consequence.self, Cause.self])
        #expect(findings.map(\.id) == ["cause", "consequence"])
        #expect(findings.map(\.verdict) == [.broken, .warning])
        #expect(findings[1].evidence == ["seen", "a consequence of cause"])
    }

    /// Broken for the tunnel of this name alone.
    private enum OfOne: Check {
        static let id = "of.one"
        static let why = "it is"
        static let causes = ["cause.of.other"]
        static func judge(_ host: HostSnapshot) -> [Finding] {
            [finding(host.tunnels.first?.name == "one" ? .broken : .ok)]
        }
    }

    private enum CauseOfOther: Check {
        static let id = "cause.of.other"
        static let why = "it is"
        static func judge(_ host: HostSnapshot) -> [Finding] {
            [finding(host.tunnels.first?.name == "other" ? .broken : .ok)]
        }
    }

    @Test func `a fault of one tunnel is no cause of another's`() {
        var host = HostSnapshot()
        host.tunnels = [TunnelSnapshot("one"), TunnelSnapshot("other")]
        let findings = Doctor.examine(host, [OfOne.self, CauseOfOther.self])
        #expect(findings.filter { $0.verdict == .broken }.map(\.tunnel) == ["one", "other"])
        #expect(findings.filter { $0.verdict == .warning } == [])
    }

    @Test func `what is so for each tunnel is said once, of none`() {
        var host = HostSnapshot()
        host.tunnels = [TunnelSnapshot("one"), TunnelSnapshot("other")]
        let findings = Doctor.examine(host, [Cause.self])
        #expect(findings.map(\.tunnel) == [nil])
        host.tunnels.removeLast()
        #expect(Doctor.examine(host, [Cause.self]).map(\.tunnel) == ["one"])
    }

    @Test func `each tunnel is judged by its own probes, and beside the others`() {
        enum Counting: Check {
            static let id = "counting"
            static let why = "it counts"
            static func judge(_ host: HostSnapshot) -> [Finding] {
                [finding(.info, ["\(host.probes.count) \(host.others.map(\.name))"])]
            }
        }
        var host = HostSnapshot()
        host.tunnels = [TunnelSnapshot("tunl"), TunnelSnapshot("other")]
        host.probes = [.unanswered]
        let findings = Doctor.examine(host, [Counting.self])
        #expect(findings.map(\.evidence) == [[#"1 ["other"]"#], [#"0 ["tunl"]"#]])
    }

    @Test func `without its cause it is broken`() {
        #expect(Doctor.examine(HostSnapshot(), [Consequence.self]).map(\.verdict) == [.broken])
    }

    @Test func `of a tunnel that does not answer nothing but the host is called well`() {
        var host = HostSnapshot.healthy
        host.tunnels[0].standing = .hidden("Permission denied")
        let well = Set(Doctor.examine(host).filter { $0.verdict == .ok }.map(\.id))
        #expect(
            well == [
                "tun.missing", "capability.missing", "leftovers.stale", "killswitch.stands", "owner.foreign",
                "martian.logged",
            ],
            "\(well)")
    }
}
