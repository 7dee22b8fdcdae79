// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire
@testable import iptund

@Suite struct AddressQuestionsTests {
    private func news(_ judged: UInt64, _ refused: [Int: String] = [:]) -> KeeperNews {
        var news = KeeperNews()
        (news.judged, news.refused) = (judged, refused)
        return news
    }

    @Test func `an address is held until its message was judged`() {
        var questions = AddressQuestions()
        questions.ask(0, at: 0)
        questions.ask(5, at: 0)
        #expect(questions.isOpen(0) && questions.isOpen(5) && !questions.isOpen(1))
        questions.hear(news(1))
        #expect(!questions.isOpen(0) && questions.isOpen(5))
        let isDue = [questions.isDue(at: 1), questions.isDue(at: 1)]
        #expect(isDue == [true, false])
        questions.hear(news(2))
        #expect(!questions.isOpen(5))
    }

    @Test func `one that was asked about again waits for the later message`() {
        var questions = AddressQuestions()
        questions.ask(0, at: 0)
        questions.ask(0, at: 0)
        questions.hear(news(1))
        #expect(questions.isOpen(0))
    }

    @Test func `what was refused stays held until it is not any more`() {
        var questions = AddressQuestions()
        questions.ask(0, at: 0)
        questions.hear(news(1, [0: "another one has it"]))
        #expect(questions.isOpen(0))
        #expect(questions.refusals[0] == "another one has it")
        questions.hear(news(1))
        #expect(!questions.isOpen(0))
    }

    @Test func `a keeper that says nothing, or is gone, keeps nobody from sending`() {
        var questions = AddressQuestions()
        questions.ask(0, at: 100)
        #expect(questions.next == 100 + AddressQuestions.patience)
        let isDue = [99, 100].map { questions.isDue(at: $0 + AddressQuestions.patience) }
        #expect(isDue == [false, true])
        #expect(!questions.isOpen(0))
        questions.ask(1, at: 0)
        questions.isAlone()
        #expect(!questions.isOpen(1))
        questions.ask(2, at: 0)
        questions.forget(2)
        #expect(!questions.isOpen(2))
    }
}
