// SPDX-License-Identifier: Apache-2.0

/// Whether the kernel may hand over and take several packets as one.
package enum Offload: String, CaseIterable, Sendable {
    case automatic = "auto"
    case off
}
