// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Diagnosis
internal import Linux
internal import Wire

extension KillSwitchSnapshot {
    /// Looks at what stands of a running tunnel's, and at what leads past it.
    mutating func look(
        _ patient: Patient, _ steps: [Step], present: [Step], _ device: HostChange.Device, _ netlink: borrowing Netlink
    ) {
        missing = steps.filter { $0.change.isKillSwitch && !present.contains($0) }.map(\.change.command.text)
        guard let settings = patient.settings,
            let facts = (try? DeviceFacts.look(device, isNew: false, netlink)) ?? nil
        else { return }
        let planning = Planning(settings: settings, device: facts, ways: [:], shared: [])
        past = planning.waysPast(netlink).map(\.description).sorted()
        rulesBefore = planning.rulesBefore(netlink)
        leavesIPv6 = planning.warning(aboutIPv6: netlink) != nil
    }
}
