// SPDX-License-Identifier: Apache-2.0

/// All that was seen of a host at one moment, for ``Check``s to judge.
package struct HostSnapshot: Sendable {
    package init() {}
}
