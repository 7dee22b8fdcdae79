// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// What a tunnel left on its host: it was killed, and so was whoever should have taken its changes back.
enum LeftOvers {
    /// What is known of a state that was found.
    enum Kind {
        /// It speaks of this kernel and this network namespace: what it lists may be there.
        case real
        /// The machine or the namespace has gone since, and everything with it.
        case gone
    }

    /// Whether what `state` lists can still be there, where the device is in the namespace of this identity.
    static func kind(of state: TunnelState, in namespace: UInt64) -> Kind {
        state.boot == TunnelState.currentBoot && state.namespace == namespace ? .real : .gone
    }

    /// Takes back what a tunnel of this name has left in `directory`, whose lock the caller holds. Nothing to do is fine.
    ///
    /// A kill switch stays for the next tunnel that has one: nothing may leave in between.
    static func clear(
        _ directory: RuntimeDirectory, _ place: borrowing DevicePlace, keepingKillSwitch: Bool, _ echo: Echo
    ) throws(Complaint) {
        guard let state = try TunnelState.read(directory.state) else { return }
        guard kind(of: state, in: place.identity) == .real else { return Files.remove(directory.state) }
        let lock = try SetUpLock.take(in: place.identity)
        let extent: Restoration.Extent = keepingKillSwitch ? .allButKillSwitch : .everything
        let result = Restoration.perform(state, in: directory, extent, place.netlink, echo)
        var rest = state
        rest.steps = result.left
        if rest.steps.isEmpty { Files.remove(directory.state) } else { try rest.write(to: directory.state) }
        lock.release()
    }

    /// Where the changes of `state` are; `nil` when the machine or the namespace has gone, and everything with it.
    static func place(of state: TunnelState) throws(Complaint) -> DevicePlace? {
        guard state.boot == TunnelState.currentBoot else { return nil }
        if let name = state.namespaceName, (try? NetworkNamespace.open(named: name)) == nil { return nil }
        let place = try DevicePlace.find(state.namespaceName)
        guard place.identity == state.namespace else { return nil }
        return place
    }
}
