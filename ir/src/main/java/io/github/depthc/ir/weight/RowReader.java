// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.ir.weight;

import java.lang.foreign.MemorySegment;

/** A reader whose elements lie in rows of equal width: requests are cut so that no run crosses the end of a row. */
abstract class RowReader implements ElementReader {
    private final int bytes;
    private final long count;
    private final long width;

    RowReader(int bytes, long count, long width) {
        this.bytes = bytes;
        this.count = count;
        this.width = width;
    }

    /**
     * As {@link ElementReader#read}, for runs that begin at column {@code column} of the rows {@code row + i * rowStep} and end
     * in the same row.
     */
    abstract void readRows(long row, long column, long rowStep, int rows, int run, MemorySegment to, long at, long toStep);

    @Override
    public final int bytes() {
        return bytes;
    }

    @Override
    public final long count() {
        return count;
    }

    @Override
    public long grain() {
        return width;
    }

    @Override
    public final void read(long from, long step, int rows, int run, MemorySegment to, long at, long toStep) {
        if (from % width + run <= width && (rows == 1 || step % width == 0)) {
            readRows(from / width, from % width, step / width, rows, run, to, at, toStep);
        } else if (step == run && toStep == run) {
            readSequence(from, (long) rows * run, to, at);
        } else {
            for (int i = 0; i < rows; i++) {
                readSequence(from + i * step, run, to, at + i * toStep);
            }
        }
    }

    private void readSequence(long from, long n, MemorySegment to, long at) {
        long done = 0;
        while (done < n) {
            long row = (from + done) / width;
            long column = (from + done) % width;
            long left = n - done;
            if (column != 0 || left < width) {
                int run = (int) Math.min(width - column, left);
                readRows(row, column, 1, 1, run, to, at + done, run);
                done += run;
            } else {
                int rows = (int) (left / width);
                readRows(row, 0, 1, rows, (int) width, to, at + done, width);
                done += rows * width;
            }
        }
    }
}
