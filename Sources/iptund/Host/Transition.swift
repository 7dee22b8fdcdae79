// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// From one set of changes to another, without a moment in which what both have is missing.
struct Transition: Equatable {
    /// What is to be made, and what it takes the place of.
    let additions: [Addition]
    /// What is to be taken back, in the order in which it was made.
    let removals: [Step]
    /// What the tunnel has made in the end.
    let result: [Step]

    struct Addition: Equatable {
        let step: Step
        let replaced: Step?
    }

    /// What leads from `old` to `new`. Pure.
    init(from old: [Step], to new: [Step]) {
        let byChange = Dictionary(old.map { ($0.change, $0) }, uniquingKeysWith: { first, _ in first })
        var replacedSteps: Set<Step> = []
        var additions: [Addition] = []
        var index = Transition.subjects(of: old)
        result = new.map { step in
            if let same = byChange[step.change] { return same }
            let replaced = index[step.change.subject].flatMap { $0.change == step.change ? nil : $0 }
            index[step.change.subject] = nil
            var step = step
            if let replaced {
                replacedSteps.insert(replaced)
                // What was there before the tunnel is there before its second thought.
                step.before = replaced.before
            }
            additions.append(Addition(step: step, replaced: replaced))
            return step
        }
        let kept = Set(new.map(\.change))
        removals = old.filter { !kept.contains($0.change) && !replacedSteps.contains($0) }
        self.additions = additions
    }

    private static func subjects(of steps: [Step]) -> [HostChange.Subject: Step] {
        Dictionary(steps.map { ($0.change.subject, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Everything that may be there while it is under way: what has to be taken back if nobody finishes it.
    var everything: [Step] { removals + additions.compactMap(\.replaced) + result }
}

extension Transition {
    /// Makes the additions. Requires `CAP_NET_ADMIN`.
    /// - Throws: the first that fails, after those before it are taken back.
    func make(
        _ echo: Echo, _ netlink: borrowing Netlink, isOthers: (HostChange) -> Bool = { _ in false }
    ) throws(Complaint) {
        echo.commands(additions.map(\.step.change.command))
        for (index, addition) in additions.enumerated() {
            do throws(Errno) {
                if addition.replaced == nil {
                    try addition.step.change.make(netlink)
                } else {
                    try addition.step.change.makeInstead(netlink)
                }
            } catch {
                unmake(upTo: index, netlink, isOthers)
                throw Complaint(
                    "cannot '\(addition.step.change.command.text)'", error, whatNow: "everything is as it was")
            }
        }
    }

    /// Takes the additions back, but for what another tunnel has too.
    func unmake(_ netlink: borrowing Netlink, isOthers: (HostChange) -> Bool = { _ in false }) {
        unmake(upTo: additions.count, netlink, isOthers)
    }

    private func unmake(upTo count: Int, _ netlink: borrowing Netlink, _ isOthers: (HostChange) -> Bool) {
        for addition in additions.prefix(count).reversed() where !isOthers(addition.step.change) {
            do throws(Errno) {
                if let replaced = addition.replaced {
                    try replaced.change.makeInstead(netlink)
                } else {
                    _ = try addition.step.revert(netlink)
                }
            } catch {
                standardError("iptund: cannot take back '\(addition.step.change.command.text)': \(error)")
            }
        }
    }

    /// Makes the routes of the result again that the kernel removed together with an address.
    func repair(_ netlink: borrowing Netlink) throws(Errno) {
        guard removals.contains(where: { if case .address = $0.change { true } else { false } }) else { return }
        var present: [UInt32: Set<Route>] = [:]
        for case .route(let route, _) in result.map(\.change) {
            if present[route.table] == nil { present[route.table] = Set(try netlink.routes(in: route.table)) }
            if present[route.table]?.contains(route) != true { try netlink.replace(route) }
        }
    }
}
