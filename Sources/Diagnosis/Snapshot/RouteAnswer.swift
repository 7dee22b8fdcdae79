// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What the kernel said when it was asked for the way of a packet.
package struct RouteAnswer: Equatable, Sendable {
    /// What was asked, as one would type it: `ip route get 192.0.2.2 mark 0x1994`.
    package var question: String
    /// What was answered.
    package var way: Way
    /// The route that the packet takes, as `ip route delete` takes it; `nil` when it is not known.
    package var route: String?
    /// The block that this route is for; `nil` when it is not known.
    package var matched: Prefix?

    /// Where the packet goes.
    package enum Way: Equatable, Sendable {
        /// Out of a link, to a router or to a host on the link.
        case out(device: String, gateway: IPv4Address?, source: IPv4Address?)
        /// To this host itself.
        case local
        /// To many hosts.
        case many
        /// Nowhere: why.
        case nowhere(String)
    }

    /// A question and its answer.
    package init(_ question: String, _ way: Way) {
        self.question = question
        self.way = way
    }

    /// The link that it leaves by; `nil` when it does not leave.
    package var device: String? {
        if case .out(let device, _, _) = way { device } else { nil }
    }

    /// Whether it goes nowhere.
    package var isNowhere: Bool {
        if case .nowhere = way { true } else { false }
    }

    /// Question and answer in a line.
    package var evidence: String { "\(question): \(answer)" }

    private var answer: String {
        switch way {
        case .out(let device, let gateway, let source):
            "dev \(device)" + (gateway.map { " via \($0)" } ?? "") + (source.map { " src \($0)" } ?? "")
        case .local: "an address of this host"
        case .many: "no single host"
        case .nowhere(let why): why
        }
    }
}
