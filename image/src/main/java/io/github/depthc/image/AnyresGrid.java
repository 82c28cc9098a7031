// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.image;

import java.util.List;

/** The arithmetic of LLaVA-NeXT's pictures of any resolution. */
public final class AnyresGrid {
    private AnyresGrid() {
    }

    /**
     * The size that keeps most of a picture's pixels, of those the one that wastes fewest, of those the first.
     *
     * @param sizes at least one
     */
    public static PixelSize choose(PixelSize picture, List<PixelSize> sizes) {
        PixelSize best = null;
        long mostKept = 0;
        long leastWasted = Long.MAX_VALUE;
        for (PixelSize size : sizes) {
            double scale = Math.min((double) size.width() / picture.width(), (double) size.height() / picture.height());
            long kept = Math.min((long) (picture.width() * scale) * (long) (picture.height() * scale), picture.pixels());
            long wasted = size.pixels() - kept;
            if (kept > mostKept || kept == mostKept && wasted < leastWasted) {
                best = size;
                mostKept = kept;
                leastWasted = wasted;
            }
        }
        return best;
    }

    /** The largest size of a picture inside another size, its ratio kept; the shorter side is rounded up. */
    public static PixelSize fit(PixelSize picture, PixelSize into) {
        double byWidth = (double) into.width() / picture.width();
        double byHeight = (double) into.height() / picture.height();
        return byWidth < byHeight
                ? new PixelSize(into.width(), Math.min((int) Math.ceil(picture.height() * byWidth), into.height()))
                : new PixelSize(Math.min((int) Math.ceil(picture.width() * byHeight), into.width()), into.height());
    }
}
