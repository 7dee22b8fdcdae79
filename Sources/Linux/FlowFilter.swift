// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// Which of several sockets takes a packet, when each worker has one: a classic BPF program for the socket of one worker.
///
/// All packets of one inner flow go to the same worker, so that their order is kept. Every packet goes to exactly one:
/// what the program cannot look into goes to worker 0, because a load beyond the end of a packet would make it nobody's,
/// and it would be lost without being counted.
///
/// A packet starts with its outer header (Linux, `raw_rcv`). Fragments are told apart by addresses only: just the first one
/// has ports.
enum FlowFilter {
    /// The program for worker `index` of `count`, for ``Descriptor/attach(_:)``.
    static func program(worker index: Int, of count: Int) -> [sock_filter] {
        precondition((0..<count).contains(index))
        let unusual = index == 0 ? accept : refuse
        let program: [Instruction] = [
            .do(BPF_LD | BPF_W | BPF_LEN, 0),
            .jump(BPF_JGE, 44, then: 2, else: unusual),  // both headers, and ports behind them
            .do(BPF_LD | BPF_B | BPF_ABS, 0),
            .jump(BPF_JEQ, 0x45, then: 4, else: unusual),  // an outer header without options
            .do(BPF_LD | BPF_B | BPF_ABS, 20),
            .jump(BPF_JEQ, 0x45, then: 6, else: unusual),  // an inner one
            .do(BPF_LD | BPF_W | BPF_ABS, 32),  // the inner source
            .do(BPF_ALU | BPF_MUL, multiplier),
            .do(BPF_MISC | BPF_TAX, 0),
            .do(BPF_LD | BPF_W | BPF_ABS, 36),  // the inner destination
            .do(BPF_ALU | BPF_ADD | BPF_X, 0),
            .do(BPF_ALU | BPF_MUL, multiplier),
            .do(BPF_MISC | BPF_TAX, 0),
            .do(BPF_LD | BPF_H | BPF_ABS, 26),
            .jump(BPF_JSET, 0x3fff, then: judge, else: 15),  // a fragment: MF, or an offset
            .do(BPF_LD | BPF_B | BPF_ABS, 29),
            .jump(BPF_JEQ, 6, then: 18, else: 17),  // TCP
            .jump(BPF_JEQ, 17, then: 18, else: judge),  // UDP
            .do(BPF_LD | BPF_W | BPF_ABS, 40),  // both ports
            .do(BPF_ALU | BPF_ADD | BPF_X, 0),
            .do(BPF_ALU | BPF_MUL, multiplier),
            .do(BPF_MISC | BPF_TAX, 0),
            .do(BPF_MISC | BPF_TXA, 0),  // judge: the upper bits are the best mixed
            .do(BPF_ALU | BPF_RSH, 16),
            .do(BPF_ALU | BPF_MOD, UInt32(count)),
            .jump(BPF_JEQ, UInt32(index), then: accept, else: refuse),
            .do(BPF_RET, 0x4_0000),  // accept: all of it
            .do(BPF_RET, 0),  // refuse
        ]
        return program.enumerated().map { $1.encoded(at: $0) }
    }

    private static let judge = 22
    private static let accept = 26
    private static let refuse = 27
    /// 2^32 divided by the golden ratio, odd (Knuth, The Art of Computer Programming, volume 3, §6.4).
    private static let multiplier: UInt32 = 0x9e37_79b1

    /// An instruction that jumps by where to, not by how far.
    private enum Instruction {
        case `do`(Int32, UInt32)
        case jump(Int32, UInt32, then: Int, else: Int)

        func encoded(at place: Int) -> sock_filter {
            switch self {
            case .do(let code, let value): sock_filter(code: UInt16(code), jt: 0, jf: 0, k: value)
            case .jump(let test, let value, let then, let otherwise):
                sock_filter(
                    code: UInt16(BPF_JMP | test), jt: UInt8(then - place - 1), jf: UInt8(otherwise - place - 1),
                    k: value)
            }
        }
    }
}
