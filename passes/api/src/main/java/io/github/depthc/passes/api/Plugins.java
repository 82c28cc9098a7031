// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

import io.github.depthc.ir.InputException;
import io.github.depthc.ir.OneLine;
import io.github.depthc.ir.OpDef;
import io.github.depthc.ir.Origin;
import io.github.depthc.ir.Unchecked;
import io.github.depthc.ir.text.RecordCodec;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.RecordComponent;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.stream.Collectors;

/** Finds providers of passes. One that is broken is left out with a sentence about it, and the rest loads. */
final class Plugins {
    /** A provider whose services file is broken can fail without end. */
    private static final int MOST_PROBLEMS = 100;
    private static final String SERVICE = PassProvider.class.getName();
    /** How ServiceLoader's message about a class of another kind ends. */
    private static final String NO_SUBTYPE = " not a subtype";

    /** The jars, by the files they are. */
    private final Map<Path, Path> given = new HashMap<>();
    private final Map<Path, PluginLoader> loaders = new HashMap<>();
    /** Jars whose loaders are being made: what is on their class paths may have them on its own. */
    private final Set<Path> linking = new HashSet<>();
    /** Classes of providers and where they are, which several jars may have on their class paths. */
    private final Set<String> offered = new HashSet<>();
    private final List<Offer> offers = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();

    /** What a provider gave. */
    record Offer(List<Pass<?>> passes, List<OpDef> ops) {
        Offer {
            passes = whole(passes, "passes()");
            ops = whole(ops, "ops()");
        }

        private static <T> List<T> whole(List<T> list, String method) {
            if (list == null) {
                throw new IllegalArgumentException(method + " gives null, expected a list");
            }
            if (list.stream().anyMatch(Objects::isNull)) {
                throw new IllegalArgumentException("the list of " + method + " has null in it");
            }
            return List.copyOf(list);
        }
    }

    List<Offer> offers() {
        return offers;
    }

    List<String> problems() {
        return problems;
    }

    /** Providers of the class path. */
    void classPath() {
        load(Plugins.class.getClassLoader(), "");
    }

    /** Providers of jars. One that is given twice is an {@link InputException}. */
    void jars(List<Path> jars) {
        for (Path jar : jars) {
            Path first = given.putIfAbsent(real(jar), jar);
            if (first != null) {
                throw new InputException("plug-in " + jar + ": the same jar is given twice" + (first.equals(jar) ? "" : ", the other time as " + first)
                        + "; give it once");
            }
        }
        jars.forEach(this::jar);
    }

    /** The file itself, whatever it is called; of one that is not there, its name. */
    private static Path real(Path jar) {
        try {
            return jar.toRealPath();
        } catch (IOException e) {
            return jar.toAbsolutePath().normalize();
        }
    }

    /** The loader of a jar; of those given that are on its class path, the classes come from their own. */
    private PluginLoader loader(Path jar) {
        Path real = real(jar);
        PluginLoader made = loaders.get(real);
        if (made == null) {
            linking.add(real);
            made = new PluginLoader(jar, url(jar), JarClassPath.of(jar).stream().filter(p -> given.containsKey(p) && !linking.contains(p))
                    .collect(Collectors.toMap(p -> p, p -> loader(given.get(p)))));
            linking.remove(real);
            loaders.put(real, made);
        }
        return made;
    }

    private static URL url(Path jar) {
        try {
            // what stands before "!/" in a URL is taken for another jar
            return URI.create(jar.toUri().toString().replace("!", "%21")).toURL();
        } catch (MalformedURLException e) {
            throw new IllegalStateException(e);
        }
    }

    private void jar(Path jar) {
        String name = "plug-in " + jar + ": ";
        if (!Files.isRegularFile(jar)) {
            problems.add(name + (Files.exists(jar) ? "is not a file" : "no such file") + ", expected a jar with a provider of passes");
            return;
        }
        try (var file = new JarFile(jar.toFile())) {
            if (file.getEntry("META-INF/services/" + PassProvider.class.getName()) == null) {
                problems.add(name + "has no META-INF/services/" + PassProvider.class.getName() + ", expected it to name a provider of passes");
                return;
            }
        } catch (IOException | IllegalArgumentException e) {
            problems.add(name + "cannot be read as a jar: " + e.getMessage());
            return;
        }
        int before = offers.size() + problems.size();
        load(loader(jar), name);
        if (offers.size() + problems.size() == before) {
            problems.add(name + "names no provider of passes in META-INF/services/" + PassProvider.class.getName());
        }
    }

    /** The loader's own providers; those of a parent or of another jar that is given are loaded by that. */
    private void load(ClassLoader loader, String name) {
        Iterator<ServiceLoader.Provider<PassProvider>> found = ServiceLoader.load(PassProvider.class, loader).stream().iterator();
        while (problems.size() < MOST_PROBLEMS) {
            String who = name;
            try {
                if (!found.hasNext()) {
                    return;
                }
                ServiceLoader.Provider<PassProvider> provider = found.next();
                if ((name.isEmpty() || provider.type().getClassLoader() == loader) && offered.add(Origin.of(provider.type()))) {
                    who = name.isEmpty() ? "plug-in " + Origin.of(provider.type()) + ": " : name + provider.type().getName() + ": ";
                    offers.add(offer(provider.get()));
                }
            } catch (OutOfMemoryError e) {
                throw e;
            } catch (ServiceConfigurationError e) {
                problems.add(who + (e.getCause() == null ? "a provider is left out: " + why(e) + (name.isEmpty() ? namedIn(loader, e.getMessage()) : "")
                        : fault(e.getCause())));
            } catch (RuntimeException | Error e) {
                problems.add(who + fault(e));
            }
        }
    }

    /** Why a provider that the services file names is none. */
    private static String why(ServiceConfigurationError e) {
        String message = e.getMessage().substring(e.getMessage().startsWith(SERVICE + ": ") ? SERVICE.length() + 2 : 0);
        if (message.contains("\uFEFF")) {
            return "the services file begins with a byte order mark (U+FEFF), expected the class's name alone";
        }
        return message.endsWith(NO_SUBTYPE) ? message.substring(0, message.length() - NO_SUBTYPE.length()) + " is no " + PassProvider.class.getSimpleName()
                : message;
    }

    /** The services files of the class path that name the class of this message. */
    private static String namedIn(ClassLoader loader, String message) {
        try {
            for (URL file : Collections.list(loader.getResources("META-INF/services/" + SERVICE))) {
                try (InputStream in = file.openStream()) {
                    String names = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                    if (names.lines().map(l -> l.replaceFirst("#.*", "").strip()).anyMatch(n -> !n.isEmpty() && message.contains(" " + n + " "))) {
                        return "; named in " + file;
                    }
                }
            }
        } catch (IOException e) {
            return ""; // where it is named is a help only
        }
        return "";
    }

    /** What a provider threw, in words for its author. */
    private static String fault(Throwable e) {
        return OneLine.of(switch (e) {
            case ExceptionInInitializerError i -> "is left out; a static initialiser failed with " + (i.getCause() == null ? i : i.getCause());
            case NoSuchMethodException n -> "is left out: " + n.getMessage().replace(".<init>()", "") + " has no public constructor without parameters";
            case IllegalAccessException _ -> "is left out: the provider's class and its constructor without parameters must be public";
            case InstantiationException _ -> "is left out: the provider's class is abstract";
            case IllegalAccessError l when l.getMessage() != null && l.getMessage().startsWith(Unchecked.class.getName()) -> "is left out: " + l.getMessage();
            case LinkageError l -> "is left out; it was built for another version of depthc or of Java: " + l;
            case IllegalArgumentException i when i.getMessage() != null -> "is left out: " + i.getMessage();
            default -> "is left out; it failed with " + e;
        });
    }

    /** Asks for everything now, so that a provider that fails does it here. */
    private static Offer offer(PassProvider provider) {
        var offer = new Offer(provider.passes(), provider.ops());
        for (OpDef op : offer.ops()) {
            try {
                RecordCodec.requireText(op.kind().asSubclass(Record.class));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("the attributes of op '" + op.mnemonic() + "' cannot be written as text: " + e.getMessage(), e);
            }
        }
        for (Pass<?> pass : offer.passes()) {
            PassSpec<?> spec = pass.spec();
            if (spec == null) {
                throw new IllegalArgumentException("spec() of " + pass.getClass().getName() + " gives null, expected name, summary and options");
            }
            try {
                RecordCodec.requireText(spec.defaults().getClass());
                RecordCodec.print(spec.defaults());
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("the options of pass '" + spec.name() + "' cannot be written as text: " + e.getMessage(), e);
            }
            for (RecordComponent option : spec.defaults().getClass().getRecordComponents()) {
                Doc doc = option.getAnnotation(Doc.class);
                if (doc != null && (doc.value().isBlank() || doc.value().lines().count() > 1)) {
                    throw new IllegalArgumentException("@Doc of option " + option.getName() + " of pass '" + spec.name() + "' is no single line of words");
                }
            }
        }
        return offer;
    }
}
