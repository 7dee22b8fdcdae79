// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// Who may ask a tunnel what.
///
/// The kernel checks the mode of the socket file when somebody connects. That is not relied upon: modes are changed by hand.
struct ControlAccess {
    /// Who started the tunnel.
    let owner: UInt32
    /// The group whose members may ask how it is, if there is one.
    private let group: UInt32?
    /// Whether the owner may do what root may.
    private let mayOwnerOrder: Bool

    /// What somebody may do; each includes the ones before.
    enum Right: Comparable {
        case nothing
        /// `show`.
        case ask
        /// `reload` and `down`.
        case order
    }

    /// What somebody is told who may do nothing.
    static let refusal = "only root, the members of the socket's group, and who started the tunnel may ask"

    /// Rights at a tunnel that `owner` started and whose socket belongs to `group`.
    ///
    /// An ordinary user who started a tunnel, as in a container, ends it with `iptund down`, as a signal would. When a
    /// supervisor started it as `iptund` or nobody, the owner is nobody in person but every process of a data path: whoever
    /// takes one over must not be able to give others new peers. `nogroup` is where everybody else's processes are too.
    init(owner: UInt32, group: UInt32? = nil, service: User? = User(named: "iptund")) {
        self.owner = owner
        self.group = group == User.nobody.group ? nil : group
        mayOwnerOrder = owner != User.nobody.id && owner != service?.id
    }

    /// What `user` may do; `nil` is somebody of whom the kernel says nothing. `groups` are its supplementary ones.
    func right(of user: PeerUser?, groups: () -> [UInt32]) -> Right {
        guard let user else { return .nothing }
        if user.id == 0 { return .order }
        if user.id == owner { return mayOwnerOrder ? .order : .ask }
        guard let group, user.group == group || groups().contains(group) else { return .nothing }
        return .ask
    }
}
