// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// What leads from what a host has to what is wanted of it. Pure.
///
/// First what is new is made, then what is no longer wanted is taken back: what is wanted before and after is never missing.
struct Reconciliation: Equatable {
    /// What is to be made, in the order in which each can work.
    private(set) var additions: [Addition] = []
    /// What is to be taken back, in the order in which it was made.
    private(set) var removals: [Step] = []
    /// What the tunnel has made in the end.
    private(set) var result: [Step] = []
    /// What others see to, and will be left alone, now and at the end.
    private(set) var alreadyThere: [HostChange] = []
    /// What is so by itself, and would be made if it were not.
    private(set) var needless: Set<HostChange> = []
    /// What cannot be made because something else is where it would go.
    private(set) var obstructed: [HostChange] = []

    /// Something to be made.
    struct Addition: Equatable {
        let step: Step
        /// What it takes the place of.
        var replaced: Step?
        /// Whether it was made before, and is missing.
        var isRepair = false
    }

    /// Compares.
    ///
    /// - Parameters:
    ///   - wanted: the changes, in the order in which each can work.
    ///   - list: what the tunnel has made, whether or not it is there still.
    ///   - needless: what was so by itself before.
    init(to wanted: [HostChange], from list: [Step], needless: Set<HostChange> = [], _ facts: HostFacts) {
        let made = Dictionary(list.map { ($0.change, $0) }, uniquingKeysWith: { first, _ in first })
        let kept = Set(wanted)
        // What stands where something that is wanted belongs, and is ours to replace.
        var occupants: [HostChange.Subject: Step] = [:]
        for step in list where !kept.contains(step.change) && step.change.kind.subject != nil {
            if case .there = step.change.kind.standing(facts) { occupants[step.change.subject] = step }
        }
        var replaced: Set<Step> = []
        for change in wanted {
            let step = made[change]
            let standing = change.kind.standing(facts)
            if case .there(let whose) = standing {
                keep(change, step, whose)
            } else if let occupant = occupants.removeValue(forKey: change.subject) {
                replaced.insert(occupant)
                // What was there before the tunnel is there before its second thought.
                let step = step ?? Step(change: change, before: occupant.before)
                add(Addition(step: step, replaced: occupant, isRepair: false))
            } else {
                switch standing {
                case .missing where step == nil && needless.contains(change):
                    // Back to what it was by itself: there is nothing to take back at the end.
                    additions.append(Addition(step: Step(change: change), isRepair: true))
                    self.needless.insert(change)
                case .missing(let before):
                    add(Addition(step: step ?? Step(change, before, facts), isRepair: step != nil))
                case .inTheWay: obstruct(change, step)
                case .gone: result += step.map { [$0] } ?? []
                case .there: break
                }
            }
        }
        // What was removed of it leaves nothing to take back, and what is there instead by now is wanted.
        let taken = Set(result.lazy.map(\.change).filter { $0.kind.subject != nil }.map(\.subject))
        removals = list.filter {
            !kept.contains($0.change) && !replaced.contains($0) && !taken.contains($0.change.subject)
        }
    }

    private mutating func keep(_ change: HostChange, _ step: Step?, _ whose: HostChange.Standing.Whose) {
        if let step { return result.append(step) }
        switch whose {
        case .ours(let before): add(Addition(step: Step(change: change, before: before)))
        case .others: alreadyThere.append(change)
        case .none: needless.insert(change)
        }
    }

    private mutating func add(_ addition: Addition) {
        additions.append(addition)
        result.append(addition.step)
    }

    private mutating func obstruct(_ change: HostChange, _ step: Step?) {
        obstructed.append(change)
        if let step { result.append(step) }
    }

    /// Everything that may be there while it is under way: what has to be taken back if it is not finished.
    var everything: [Step] {
        let old = removals + additions.compactMap(\.replaced)
        let known = Set(result)
        return old.filter { !known.contains($0) } + result
    }

    /// - Throws: the first change that would fail half-way, because something else is where it would go.
    func checked() throws(Complaint) -> Reconciliation {
        if let change = obstructed.first { throw Complaint(inTheWayOf: change) }
        return self
    }
}

extension Step {
    /// A change that is not made yet.
    fileprivate init(_ change: HostChange, _ before: UInt32?, _ facts: HostFacts) {
        self.init(change: change, before: before)
        if case .setting(.forwarding, _, let device) = change, device != facts.device?.device {
            common = facts.commonForwarding
        }
    }
}
