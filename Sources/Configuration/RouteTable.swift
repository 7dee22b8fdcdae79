// SPDX-License-Identifier: Apache-2.0

/// Where routes into the tunnel go.
package enum RouteTable: Equatable, Sendable {
    /// To the table `main`, or to one of the tunnel's own where a peer itself lies behind them.
    case automatic
    /// Nowhere: somebody else sees to them.
    case off
    /// To this table, which policy rules of somebody else lead to.
    case number(UInt32)
}
