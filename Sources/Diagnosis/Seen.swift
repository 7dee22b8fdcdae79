// SPDX-License-Identifier: Apache-2.0

/// Something of the host that may be hidden from who looks.
package enum Seen<Value: Sendable>: Sendable {
    case known(Value)
    /// Why it could not be seen, as `nft: not installed` or `/sys: not mounted`.
    case hidden(String)

    package var value: Value? {
        if case .known(let value) = self { value } else { nil }
    }

    /// The same thing, seen otherwise.
    package func map<Other>(_ transform: (Value) -> Other) -> Seen<Other> {
        switch self {
        case .known(let value): .known(transform(value))
        case .hidden(let why): .hidden(why)
        }
    }
}

extension Seen: Equatable where Value: Equatable {}
