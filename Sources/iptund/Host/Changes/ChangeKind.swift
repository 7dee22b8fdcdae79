// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// One kind of change to a host: all that there is to know of it is in one file.
protocol ChangeKind {
    /// What it is about, where a host has one of it, such as the MTU of a device; `nil`: about itself alone.
    var subject: HostChange.Subject? { get }
    /// How the host stands to it.
    func standing(_ facts: HostFacts) -> HostChange.Standing
    /// Makes it. Requires `CAP_NET_ADMIN`. What is there already exactly so is fine.
    func make(_ netlink: borrowing Netlink) throws(Errno)
    /// Makes it where another of its subject is in force, without a moment in which neither is.
    func makeInstead(_ netlink: borrowing Netlink) throws(Errno)
    /// Goes back to `before`. Returns false where there was nothing to take back: what another program changed since is its own.
    func takeBack(to before: UInt32?, _ netlink: borrowing Netlink) throws(Errno) -> Bool
    /// The command that does the same.
    var command: HostChange.Command { get }
    /// The command that goes back to `before`.
    func reverse(to before: UInt32?) -> HostChange.Command
    /// Whether other tunnels of this host may want the same, so that the last of them takes it back.
    ///
    /// - Parameter ours: the number of our own device, which is not shared.
    func isShared(besides ours: Int32) -> Bool
    /// Whether a tunnel of ours can have made it, with `before` as what was there.
    func isPlausible(_ before: UInt32?, of state: TunnelState) -> Bool
    /// Whether it may be taken back on the word of an author with less privilege than the process that takes it back.
    func isCredible(_ claim: Testimony.Claim) -> Bool
    /// Whether it is about the tunnel's device itself, and nothing but it.
    var isAboutDevice: Bool { get }
    /// Whether it is there as long as the tunnel is, unlike a setting.
    var isLasting: Bool { get }
}

extension ChangeKind {
    var subject: HostChange.Subject? { nil }
    func makeInstead(_ netlink: borrowing Netlink) throws(Errno) { try make(netlink) }
    func isShared(besides ours: Int32) -> Bool { false }
    var isAboutDevice: Bool { false }
    var isLasting: Bool { false }
}

extension HostChange {
    /// A command, and what kind of command it is.
    typealias Command = (kind: String, text: String)

    /// How a host stands to a change that is wanted.
    enum Standing: Equatable {
        /// It is not so. `before` is what is there instead, where that is one of many possibilities.
        case missing(before: UInt32?)
        /// It is so.
        case there(Whose)
        /// Something else is where it would go.
        case inTheWay
        /// What it is about is gone.
        case gone

        /// Who sees to what is there already.
        enum Whose: Equatable {
            /// A tunnel of ours: `before` is what was there before the first of them.
            case ours(before: UInt32?)
            /// Another program, which will not want it taken back.
            case others
            /// It is so by itself.
            case none
        }
    }
}
