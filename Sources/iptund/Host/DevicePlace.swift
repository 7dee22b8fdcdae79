// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// The network namespace that the tunnel's device is in: usually ours, or another one, for which the tunnel is the way out.
///
/// Outer packets leave from our namespace in either case: sockets stay where they were opened.
struct DevicePlace: ~Copyable {
    /// What it is called; `nil` for our own.
    let name: String?
    /// What tells it from all others of this boot, the ones that are gone included.
    let identity: UInt64
    /// A session there.
    let netlink: Netlink
    private let namespace: Descriptor?

    /// Goes to look. Requires `CAP_SYS_ADMIN` for a namespace that is not ours.
    static func find(_ name: String?) throws(Complaint) -> DevicePlace {
        guard let name else {
            let identity = try explaining("cannot tell the network namespace", whatNow: "mount /proc") {
                () throws(Errno) in try NetworkNamespace.identity()
            }
            let netlink = try Daemon.openNetlink(hasFilters: true)
            return DevicePlace(name: nil, identity: identity, netlink: netlink, namespace: nil)
        }
        do throws(Errno) {
            let namespace = try NetworkNamespace.open(named: name)
            let identity = try NetworkNamespace.inside(namespace) { () throws(Errno) in
                try NetworkNamespace.identity()
            }
            let netlink = try NetworkNamespace.inside(namespace) { () throws(Errno) in try Netlink(hasFilters: true) }
            return DevicePlace(name: name, identity: identity, netlink: netlink, namespace: namespace)
        } catch .noSuchFile {
            throw Complaint(
                "network namespace '\(name)'", why: "there is none",
                whatNow: "'ip netns add \(name)', or see 'ip netns'")
        } catch {
            throw Complaint(
                "cannot enter network namespace '\(name)'", error, whatNow: "run it as root, or give it CAP_SYS_ADMIN")
        }
    }

    /// Another session there.
    func openNetlink() throws(Complaint) -> Netlink {
        try explaining("cannot ask the kernel about routes", whatNow: "this should not happen") { () throws(Errno) in
            try inside { () throws(Errno) in try Netlink(hasFilters: true) }
        }
    }

    /// Does something there.
    func inside<Result: ~Copyable>(_ body: () throws(Errno) -> Result) throws(Errno) -> Result {
        try DevicePlace.visit(namespace, body)
    }

    /// A borrowed optional by a switch: unwrapping it by `!` crashes swiftc 6.3.1 when it optimises.
    private static func visit<Result: ~Copyable>(
        _ namespace: borrowing Descriptor?, _ body: () throws(Errno) -> Result
    ) throws(Errno) -> Result {
        switch namespace {
        case .some(let namespace): try NetworkNamespace.inside(namespace, body)
        case .none: try body()
        }
    }
}
