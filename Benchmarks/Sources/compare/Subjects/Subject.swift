// SPDX-License-Identifier: Apache-2.0

internal import Comparison

/// One of those that are compared.
struct Subject: Sendable {
    let name: String
    /// What it is, and what makes its figures unlike the others'.
    let note: String
    /// What must be installed: programs, and the Debian packages that bring them.
    var programs: [Requirement] = []
    /// How to ask for its version, where no package tells.
    var versionCommand: [String]?
    /// Brings it up in a lab. How it is taken down is the lab's business.
    let start: @Sendable (Lab) throws -> Tunnel

    /// A program, and where it comes from.
    struct Requirement: Sendable {
        let program: String
        let package: String
    }

    /// Everybody, in the order in which they are measured and printed.
    static func all(iptund: String) -> [Subject] {
        [
            veth, kernelIPIP, Subject.iptund(iptund), socat, vtun, quicktun, fastd, tinc, openVPN, wireGuardGo,
        ]
    }

    static var names: [String] { all(iptund: "").map(\.name) }
}
