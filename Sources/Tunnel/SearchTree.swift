// SPDX-License-Identifier: Apache-2.0

/// Where a number belongs among ascending ones: an immutable tree with sixteen numbers to a node.
///
/// In a binary search the processor guesses wrong at every other step, which costs more than the step itself. Here a step
/// compares with sixteen numbers at once and counts, and nothing branches on what it finds: 200,000 numbers take five
/// steps, however they are spread.
struct SearchTree: Sendable {
    private typealias Node = SIMD16<Int32>

    /// The levels one after the other, the root first. Above the lowest, a number is the highest of the node below it.
    private let nodes: [Node]
    /// Where each level starts in `nodes`.
    private let levels: [Int]
    /// All numbers when they are few; then there is no node.
    private let few: [UInt32]

    /// The three ranges of a single prefix are not worth a node: nearly all packets are in the middle one, as predicted.
    private static let fewAtMost = 4

    /// A tree of `numbers`, which ascend and end with the highest that there is: every search finds something.
    init(_ numbers: [UInt32]) {
        precondition(numbers.last == .max)
        few = numbers.count <= SearchTree.fewAtMost ? numbers : []
        var bottomUp: [[Node]] = []
        var remaining = few.isEmpty ? numbers : []
        while remaining.count > 1 {
            let starts = stride(from: 0, to: remaining.count, by: Node.scalarCount)
            let chunks = starts.map { remaining[$0..<min($0 + Node.scalarCount, remaining.count)] }
            bottomUp.append(chunks.map(SearchTree.node))
            remaining = chunks.map { $0[$0.endIndex - 1] }
        }
        var (nodes, levels) = ([Node](), [Int]())
        nodes.reserveCapacity(bottomUp.reduce(0) { $0 + $1.count })
        for level in bottomUp.reversed() {
            levels.append(nodes.count)
            nodes += level
        }
        self.nodes = nodes
        self.levels = levels
    }

    /// How many of the numbers are below `number`, which is the position of the first that is not.
    func position(of number: UInt32) -> Int {
        var position = 0
        if levels.isEmpty {
            while few[position] < number { position += 1 }
            return position
        }
        let wanted = Node(repeating: SearchTree.ordered(number))
        for start in levels {
            // All ones, that is -1, for each number below. Halves, since the compiler adds up four at once at most.
            let below = Node.zero.replacing(with: -1, where: nodes[start &+ position] .< wanted)
            let eight = below.lowHalf &+ below.highHalf
            position = position &* Node.scalarCount &- Int((eight.lowHalf &+ eight.highHalf).wrappedSum())
        }
        return position
    }

    /// One node. What is left over is filled with the highest number: nothing is above it, so it is never counted.
    private static func node(_ numbers: ArraySlice<UInt32>) -> Node {
        var node = Node(repeating: ordered(.max))
        for (place, number) in numbers.enumerated() { node[place] = ordered(number) }
        return node
    }

    /// The number as a signed one in the same order: x86-64 compares only those at once.
    private static func ordered(_ number: UInt32) -> Int32 { Int32(bitPattern: number ^ 0x8000_0000) }
}
