// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// What several tunnels of a host may want of it together, such as forwarding on the device of the LAN.
///
/// Each has it in its own state, with what was before all of them; who ends while another lives on leaves it alone.
enum SharedChanges {
    /// What the other tunnels have that are up in the same network namespace. A state that cannot be read is nobody's.
    static func ofOthers(besides directory: RuntimeDirectory, in namespace: UInt64) -> Set<Step> {
        var steps: Set<Step> = []
        for state in others(besides: directory, in: namespace) {
            steps.formUnion(state.steps.filter { $0.change.kind.isShared(besides: state.device.index) })
        }
        return steps
    }

    /// The other tunnel that has the device of this name.
    static func owner(of device: String, besides directory: RuntimeDirectory, in namespace: UInt64) -> String? {
        others(besides: directory, in: namespace).first { $0.device.name == device }?.name
    }

    /// What the other tunnels wrote down that are in the same network namespace.
    static func others(besides directory: RuntimeDirectory, in namespace: UInt64) -> [TunnelState] {
        directory.siblings.compactMap { path in
            guard path != directory.path, let state = try? TunnelState.read("\(path)/state.json"),
                state.namespace == namespace, state.boot == TunnelState.currentBoot
            else { return nil }
            return state
        }
    }
}
