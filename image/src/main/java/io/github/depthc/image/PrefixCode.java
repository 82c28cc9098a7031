// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

/** A canonical prefix code of lossless WebP: codes of up to 15 bits, written with the first bit lowest. */
final class PrefixCode {
    static final int MAX_BITS = 15;
    private static final int TABLE_BITS = 8;

    private final int tableBits;
    /** For the next bits: the symbol times 16, plus the length of its code; 0 for a longer one. */
    private final int[] table;
    private final int[] symbols;
    private final int[] counts;

    private PrefixCode(int tableBits, int[] table, int[] symbols, int[] counts) {
        this.tableBits = tableBits;
        this.table = table;
        this.symbols = symbols;
        this.counts = counts;
    }

    /** The code with these lengths by symbol, 0 for symbols that do not occur; one symbol alone takes no bits, whatever its length. */
    static PrefixCode of(int[] lengths) throws DamagedImageException {
        int[] counts = new int[MAX_BITS + 1];
        int used = 0;
        int longest = 0;
        for (int length : lengths) {
            if (length > 0) {
                counts[length]++;
                used++;
                longest = Math.max(longest, length);
            }
        }
        int[] symbols = new int[used];
        int[] next = new int[MAX_BITS + 2];
        long room = 1;
        for (int length = 1; length <= MAX_BITS; length++) {
            next[length + 1] = next[length] + counts[length];
            room = 2 * room - counts[length];
        }
        for (int symbol = 0; symbol < lengths.length; symbol++) {
            if (lengths[symbol] > 0) {
                symbols[next[lengths[symbol]]++] = symbol;
            }
        }
        if (used == 1) {
            return new PrefixCode(0, new int[0], symbols, counts);
        }
        if (room != 0) {
            throw new DamagedImageException("is a damaged WebP file: a prefix code in it is " + (room > 0 ? "incomplete" : "impossible"));
        }
        int tableBits = Math.min(longest, TABLE_BITS);
        return new PrefixCode(tableBits, table(tableBits, symbols, counts), symbols, counts);
    }

    private static int[] table(int tableBits, int[] symbols, int[] counts) {
        int[] table = new int[1 << tableBits];
        int code = 0;
        int at = 0;
        for (int length = 1; length <= tableBits; length++) {
            code <<= 1;
            for (int i = 0; i < counts[length]; i++, code++) {
                for (int slot = Integer.reverse(code) >>> Integer.SIZE - length; slot < table.length; slot += 1 << length) {
                    table[slot] = symbols[at] << 4 | length;
                }
                at++;
            }
        }
        return table;
    }

    int read(LsbBits in) throws DamagedImageException {
        if (table.length == 0) {
            return symbols[0];
        }
        int entry = table[in.peek(tableBits)];
        if (entry != 0) {
            in.skip(entry & 15);
            return entry >> 4;
        }
        int bits = in.peek(MAX_BITS);
        int code = 0;
        int first = 0;
        int at = 0;
        for (int length = 1; length <= MAX_BITS; length++) {
            code = code << 1 | bits >> length - 1 & 1;
            first <<= 1;
            if (code - first < counts[length]) {
                in.skip(length);
                return symbols[at + code - first];
            }
            first += counts[length];
            at += counts[length];
        }
        throw new IllegalStateException("a complete code has no such bits");
    }
}
