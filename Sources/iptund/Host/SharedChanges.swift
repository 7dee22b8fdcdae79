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
            steps.formUnion(state.steps.filter { $0.change.isShared(besides: state.device.index) })
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

/// That one tunnel at a time looks at its host, plans, and changes it: what two would choose at once, both would choose.
struct SetUpLock: ~Copyable {
    private let lock: DirectoryLock?

    /// How long another one is waited for, milliseconds: a start takes less than a tenth of it.
    private static let patience: UInt64 = 2_000

    /// Waits for the lock; after a while it goes on without, since what it guards against is rare, and noticed.
    static func take(beside directory: RuntimeDirectory) -> SetUpLock {
        SetUpLock(lock: try? DirectoryLock(directory.parent, timeoutMilliseconds: patience))
    }

    /// Lets the next one go on; so does the end of the value.
    consuming func release() {}
}
