// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Logging
internal import Tunnel
internal import Wire

/// One tunnel, from set-up to the end.
///
/// The order is what keeps the promise "no privilege": everything that needs a capability is opened first, the janitor that
/// will take the changes back is forked, the host is changed, then all privilege goes, and only then threads start, so that
/// none of them ever had any.
enum Daemon {
    /// Carries packets until somebody asks it to stop. `file` is where the settings stand, if they do in one.
    ///
    /// `onceItStands` is called when all changes are made, with all privilege; what it throws ends the tunnel.
    /// - Throws: why it could not start, with the host as it was, or why it ended by itself.
    static func run(
        _ settings: TunnelSettings, file: String?, directory: String?, echo: Echo,
        onceItStands: () throws(Complaint) -> Void
    ) throws(Complaint) {
        try Prerequisites.check()
        let netlink = try openNetlink()
        let underlay = try findUnderlay(settings, netlink)
        let table = try peerTable(settings, underlay)
        try OtherTunnels.check(table, settings.policy, name: settings.device)
        // From here on Ctrl-C is an orderly end, not a death with things half done.
        let signals = try explaining("cannot take signals", whatNow: "this should not happen") { () throws(Errno) in
            try Signals()
        }
        let supervisor = Supervisor()
        let claim = try Claim.take(settings, directory: directory, netlink)
        let host = try PreparedHost.prepare(settings, claim, underlay, netlink, echo: echo)
        do throws(Complaint) {
            try onceItStands()
        } catch {
            _ = consume claim
            host.end()
            throw error
        }
        try carry(settings, table, claim, host, underlay, netlink, signals, supervisor)
    }

    /// Prints what ``run(_:file:directory:echo:onceItStands:)`` would change, and changes nothing. Needs no privilege.
    static func describe(_ settings: TunnelSettings, echo: Echo) throws(Complaint) {
        let netlink = try openNetlink()
        let underlay = try findUnderlay(settings, netlink)
        try OtherTunnels.check(try peerTable(settings, underlay), settings.policy, name: settings.device)
        let (state, exists) = try Plan.Device.foresee(settings, netlink)
        let plan = try Plan.make(settings, on: state, over: underlay, netlink)
        try echo(plan, creating: exists ? nil : settings.tuntap(state.device.name))
    }

    static func openNetlink() throws(Complaint) -> Netlink {
        try explaining("cannot ask the kernel about routes", whatNow: "this should not happen") { () throws(Errno) in
            try Netlink()
        }
    }

    private static func findUnderlay(
        _ settings: TunnelSettings, _ netlink: borrowing Netlink
    ) throws(Complaint) -> Underlay? {
        switch settings.peers.first?.endpoint {
        case nil:
            if let local = settings.local { try Underlay.checkIsOurs(local, netlink) }
            return nil
        case .address(let address): return try Underlay.find(address, local: settings.local, netlink)
        case .name(let name):
            let address: IPv4Address
            do throws(Resolver.Failure) {
                address = try Resolver.address(of: name)
            } catch {
                throw Complaint("cannot resolve '\(name)'", why: "\(error)", whatNow: "check it, or give an address")
            }
            guard address.isUnicast else {
                throw Complaint(
                    "peer '\(name)'", why: "resolves to \(address), no address of a single host on a network",
                    whatNow: "give the address of the other end")
            }
            return try Underlay.find(address, local: settings.local, netlink)
        }
    }

    private static func peerTable(_ settings: TunnelSettings, _ underlay: Underlay?) throws(Complaint) -> PeerTable {
        guard let underlay else {
            do throws(PeerTable.Invalid) { return try PeerTable([]) } catch { preconditionFailure("\(error)") }
        }
        var peer = Peer(endpoint: underlay.peer, local: underlay.local, allowed: settings.peers[0].allowed ?? [.all])
        if settings.local != nil { peer.acceptance = .localOnly }
        if case .name(let name) = settings.peers[0].endpoint { peer.name = name }
        do throws(PeerTable.Invalid) {
            return try PeerTable([peer])
        } catch {
            throw Complaint("peer \(underlay.peer)", why: "\(error)", whatNow: "check the addresses")
        }
    }

    /// Gives up all privilege, starts the data path, and serves until the end.
    private static func carry(
        _ settings: TunnelSettings, _ table: PeerTable, _ claim: consuming Claim, _ host: consuming PreparedHost,
        _ underlay: Underlay?, _ netlink: borrowing Netlink, _ signals: borrowing Signals,
        _ supervisor: borrowing Supervisor
    ) throws(Complaint) {
        var outcome: Complaint?
        do throws(Complaint) {
            let shortfalls = try Surrender.perform(host.user)
            let reporter = Reporter(
                name: claim.directory.name, processID: Environment.processID, namespace: host.namespace,
                start: Clock.milliseconds, underlay: underlay, table: table, policy: settings.policy,
                workers: settings.workers.count,
                shortfalls: shortfalls)
            var service = try Service.start(settings, with: host.takePorts(), report: reporter, netlink)
            let control = host.takeControl()
            outcome = service.serve(control, netlink, signals, supervisor)
            // Whatever happened, the threads end before what they use goes away.
            try service.finish(claim.device.name)
        } catch {
            outcome = outcome ?? error
        }
        // The device goes first, so that what the janitor finds is only what would stay.
        _ = consume claim
        host.end()
        if let outcome { throw outcome }
    }
}
