// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Logging

/// The end, where a kill switch stays.
extension KeeperProcess {
    /// Makes the kill switch what it has to be, for the last time, and says how it is lifted. With the device went all that would
    /// say what else is wanted.
    mutating func leaveKillSwitch() {
        let state = duty.reconciler.state
        let device = DeviceFacts(device: state.device, mtu: 0, isUp: false, isNew: duty.isDeviceNew, addresses: [])
        let planning = planning(duty.settings, device, shared: [])
        var steps = state.steps
        do throws(Complaint) {
            let rules = try explaining("cannot read the routing table", whatNow: "it stays as it was") {
                () throws(Errno) in
                try duty.netlink.rules()
            }
            for filter in try planning.filters(besides: rules, own: state.routing?.table, duty.netlink) {
                let change = HostChange.filter(filter)
                guard let index = steps.firstIndex(where: { $0.change.subject == change.subject }),
                    steps[index].change != change, (try? change.kind.make(duty.netlink)) != nil
                else { continue }
                steps[index] = Step(change: change)
            }
            try duty.reconciler.note(steps)
        } catch {
            standardError("iptund: \(error)")
        }
        let option = duty.reconciler.directory.option
        log.notice(
            "the kill switch stays: the next start takes it over, 'iptund down \(state.name)\(option)' lifts it")
    }
}
