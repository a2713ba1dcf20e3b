package io.kolo.elastic;

import java.util.List;
import java.util.stream.IntStream;

/**
 * A fixed set of workers, and the state from which they go on. It cuts off every later step of earlier generations.
 *
 * @param number 1 for the first; 0 is nobody, before it
 * @param base the state that it starts from; its first step is the next
 * @param dealt how many local batches all steps up to the base have taken: each step takes one a rank
 * @param members by rank, those of a host side by side
 */
public record Generation(int number, StateName base, long dealt, List<Member> members) {
    /** Before the first: nobody. */
    public static final Generation NOBODY = new Generation(0, StateName.INITIAL, 0, List.of());

    /** A generation; the list is copied. */
    public Generation {
        members = List.copyOf(members);
    }

    /** Returns its first step. */
    public long start() {
        return base.step() + 1;
    }

    /** Returns how many ranks it has. */
    public int size() {
        return members.size();
    }

    /** Returns the rank of a worker; -1 if it is none of the members. */
    public int rankOf(int worker) {
        for (int rank = 0; rank < members.size(); rank++) {
            if (members.get(rank).worker() == worker) {
                return rank;
            }
        }
        return -1;
    }

    /** Returns whether a worker is a member. */
    public boolean has(int worker) {
        return rankOf(worker) >= 0;
    }

    /** Returns the rank from which the others get the state: the lowest that has it. */
    public int root() {
        for (int rank = 0; rank < members.size(); rank++) {
            if (members.get(rank).holder()) {
                return rank;
            }
        }
        throw new IllegalStateException("nobody in generation " + number + " has its state");
    }

    /** Returns the ranks that have to get the state from another. */
    public List<Integer> needing() {
        return IntStream.range(0, members.size())
                .filter(rank -> !members.get(rank).holder())
                .boxed()
                .toList();
    }

    /** Returns whether some member has to get the state from another before the first step. */
    public boolean levels() {
        return !members.stream().allMatch(Member::holder);
    }

    @Override
    public String toString() {
        return "generation " + number + " from " + base + ": "
                + members.stream()
                        .map(member -> member.worker() + (member.holder() ? "" : "+"))
                        .toList();
    }
}
