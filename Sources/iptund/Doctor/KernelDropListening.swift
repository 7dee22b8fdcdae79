// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Linux

/// Whether to listen to what the kernel says of packets that it drops.
///
/// The kernel's drop monitor (NET_DM) is not used: it tells no more than the tracepoint, and few kernels have it.
enum KernelDropListening {
    case off
    case on

    /// Listens for so long, or until somebody wants the end; `nil` when it is off. Requires root.
    func listen(milliseconds: UInt64) -> Seen<KernelDrops>? {
        guard self == .on else { return nil }
        do throws(Errno) {
            // What ends the process from here on ends the listening first, which removes what was made for it.
            let signals = try Signals()
            let start = Clock.milliseconds
            let trace = try KernelDropTrace()
            let count = try trace.count(milliseconds: milliseconds, until: signals)
            return .known(
                KernelDrops(count.reasons, missed: count.missed, milliseconds: Clock.milliseconds - start))
        } catch .notPermitted, .permissionDenied {
            return .hidden("tracepoint skb:kfree_skb: needs root")
        } catch .noSuchFile {
            return .hidden("tracepoint skb:kfree_skb: this kernel has none that gives reasons, or no tracefs")
        } catch {
            return .hidden("tracepoint skb:kfree_skb: \(error)")
        }
    }
}
