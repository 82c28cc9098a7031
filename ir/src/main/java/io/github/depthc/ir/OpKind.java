// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir;

import java.util.List;

/**
 * What a node computes. To write one:
 * <ol>
 *   <li>make it a record whose components are its attributes (numbers, booleans, strings, enums, lists of those, or
 *       records and sealed interfaces of records): the text form is read off the components;</li>
 *   <li>validate the components in the compact constructor, throwing {@link TypeException};</li>
 *   <li>give result types in {@link #infer}, throwing {@link TypeException} with "has X, expected Y";</li>
 *   <li>say in {@link #cost} what it costs, where that is worth counting;</li>
 *   <li>say in {@link #rowWise} whether it computes each row by itself;</li>
 *   <li>implement {@link Lowerable}, so that every backend runs it;</li>
 *   <li>register it with an {@link OpDef} in an {@link OpSet}.</li>
 * </ol>
 * All kinds are free of side effects: a node whose results are unused can be removed, and two nodes of equal kinds and
 * operands compute equal values.
 */
public interface OpKind {
    /** The name in the text form, such as {@code linear} or {@code mod.select}. */
    String mnemonic();

    /** Types of the results, in order. */
    List<Type> infer(List<Type> operands, List<Region> regions);

    /** What it costs on operands of these types; a kind that is {@link Lowerable} costs what its lowering costs. */
    default OpCost cost(List<Type> operands, OpCost.Sizes sizes) {
        return OpCost.NONE;
    }

    /**
     * The operands, of these types, whose rows go with the rows of the results; none where rows are mixed. Row i of a result
     * depends on row i of these operands, and on the others as a whole: the op on some of their rows gives those rows of its
     * results. Rows stand along the first dimension; those of a rows value are its tokens. A result that has no rows, such as
     * a cache, depends on the other operands alone.
     */
    default List<Integer> rowWise(List<Type> operands) {
        return List.of();
    }
}
